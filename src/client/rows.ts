import { withCamelCase } from './connection.ts'
import type {
  Consumer,
  ErrorGroup,
  Explanation,
  HistoryEntry,
  MissedEvent,
  Operation,
  Preview,
  PulledTask,
  Task,
  TaskRates,
  TaskStats,
} from './types.ts'

// Rows as JSON has them: a time is text, and a number that JavaScript would round is text.

/** A row with Dates in these columns. */
function withTimes<Row>(row: Row, ...columns: (keyof Row)[]): Row {
  const converted: Row = { ...row }
  for (const column of columns) if (row[column] !== null) converted[column] = timeFrom(row[column] as string) as Row[keyof Row]
  return converted
}

/**
 * The time that PostgreSQL writes in JSON, whatever the settings of the session. Its years may have five digits, and its zones seconds,
 * neither of which JavaScript reads.
 */
function timeFrom(text: string): Date {
  if (/^\d{4}-.*[+-]\d\d:\d\d$/.test(text)) return new Date(text)
  const [, year = '', day = '', time = '', sign = '', zone = ''] =
    /^(\d+)(-\d\d-\d\d)T([\d:.]+)([+-])([\d:]+)$/.exec(text) ?? []
  const midnight = Date.parse(`${year.length > 4 ? `+${year.padStart(6, '0')}` : year}${day}T00:00Z`)
  return new Date(midnight + millisecondsOf(time) - Number(`${sign}1`) * millisecondsOf(zone))
}

/** The milliseconds of hours, minutes and seconds. */
function millisecondsOf(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number)
  return Math.floor(((hours * 60 + minutes) * 60 + seconds) * 1000 + 1e-6)
}

export function taskFrom(row: Task): Task {
  return withTimes(row, 'scheduleAt', 'finalizedAt', 'attemptedAt', 'createdAt', 'updatedAt')
}

export function statsFrom(row: TaskStats): TaskStats {
  return withTimes(row, 'oldest', 'nextDue')
}

export function errorGroupFrom(row: ErrorGroup): ErrorGroup {
  return withTimes(row, 'firstFailedAt', 'lastFailedAt')
}

export function ratesFrom(row: TaskRates): TaskRates {
  return withTimes(row, 'at')
}

export function consumerFrom(row: Consumer): Consumer {
  return withTimes(row, 'oldestUnread', 'oldestDue')
}

export function explanationFrom(row: Explanation): Explanation {
  return withTimes(row, 'nextRunAt')
}

export function previewFrom(row: Omit<Preview, 'firstTasks'> & { firstTasks: Record<string, unknown>[] }): Preview {
  return { ...row, firstTasks: row.firstTasks.map((task) => taskFrom(withCamelCase(task) as unknown as Task)) }
}

/** A pulled task whose body is in base64. */
export type PulledRow = Omit<PulledTask, 'body'> & { body: string }

export function pulledTaskFrom(row: PulledRow): PulledTask {
  return { ...withTimes(row, 'leaseUntil', 'createdAt'), body: Buffer.from(row.body, 'base64') }
}

export function missedEventFrom(row: MissedEvent): MissedEvent {
  return withTimes(row, 'createdAt')
}

/** An operation whose ids may be numbers, and that may have no event ids. */
export type OperationRow = Omit<Operation, 'id' | 'transactionId' | 'bulkId' | 'undoes' | 'eventIds'> & {
  id: Id
  transactionId: Id
  bulkId: Id | null
  undoes: Id | null
  eventIds: string[] | null
}
type Id = string | number

export function operationFrom(row: OperationRow): Operation {
  const digits = (id: Id | null) => (id === null ? null : String(id))
  return {
    ...withTimes(row, 'at', 'lastAt'),
    id: String(row.id),
    transactionId: String(row.transactionId),
    bulkId: digits(row.bulkId),
    undoes: digits(row.undoes),
    eventIds: row.eventIds ?? [],
  }
}

/** An entry whose operation may be a number. */
export type HistoryRow = Omit<HistoryEntry, 'operationId'> & { operationId: Id | null }

export function historyEntryFrom(row: HistoryRow): HistoryEntry {
  return { ...withTimes(row, 'at'), operationId: row.operationId === null ? null : String(row.operationId) }
}
