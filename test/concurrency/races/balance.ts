// Whether what was done, what the log says and what the callers were told is the same.
import type { TaskState } from 'kanthorq-tasks'

/** A row of the consumer's table before or after an update, with the state by name. */
export type Row = Record<string, unknown> & { state: TaskState; updated_at: number }

/** An update of a task that was committed, as a trigger saw it. */
export interface Move {
  readonly id: string
  readonly transaction: string
  readonly before: Row
  readonly after: Row
}

/** An operation of the log. */
export interface Operation {
  readonly id: string
  readonly transaction: string
  readonly action: 'cancel' | 'resume' | 'discard' | 'undo'
  readonly reason: string
  readonly undoes: string | null
  readonly event_ids: readonly string[]
}

/** What a caller was told. */
export interface Call {
  /** No other call has the same. */
  readonly reason: string
  /** The ids that were updated, or how many; left out if the call failed half-way. */
  readonly updated?: readonly string[] | number
}

export interface Balance {
  readonly attemptMax: number
  /** In the order in which each task was moved. */
  readonly journal: readonly Move[]
  readonly log: readonly Operation[]
  readonly calls: readonly Call[]
}

/** All kinds of moves that there may be. */
export const kinds = [
  'cancel: available to cancelled',
  'cancel: pending to cancelled',
  'cancel: retryable to cancelled',
  'discard: running to discarded',
  'resume: cancelled to running',
  'resume: discarded to running',
  'undo',
  'worker: retryable to running',
  'worker: running to completed',
  'worker: running to discarded',
  'worker: running to retryable',
  'worker: running to running',
]

/** The kinds of moves that there were. */
export function kindsOf({ journal, log }: Balance): string[] {
  const actions = new Map(log.map(({ transaction, action }) => [transaction, action]))
  const found = journal.map(({ transaction, before, after }) => {
    const by = actions.get(transaction) ?? 'worker'
    return by === 'undo' ? by : `${by}: ${before.state} to ${after.state}`
  })
  return [...new Set(found)].sort()
}

/** All that does not add up. */
export function mistakes(balance: Balance): string[] {
  const { attemptMax, journal, log, calls } = balance
  const wrong = kindsOf(balance).filter((kind) => !kinds.includes(kind))
  const moves = groupBy(journal, ({ transaction }) => transaction)
  const transactions = new Map(log.map(({ id, transaction }) => [id, transaction]))
  for (const { id, transaction, action, undoes, event_ids } of log) {
    const own = moves.get(transaction) ?? []
    const moved = own.map((move) => move.id)
    if (!isSame(moved.sort(), event_ids.toSorted())) wrong.push(`${id}: it moved other tasks`)
    const undone = moves.get(transactions.get(undoes ?? '') ?? '')
    for (const move of own) {
      const isRight =
        action === 'undo'
          ? isRestored(move.after, undone?.find((other) => other.id === move.id)?.before)
          : isMove(action, move, attemptMax)
      if (!isRight) wrong.push(`${move.id}: no ${action} is ${JSON.stringify(move)}`)
    }
  }
  const logged = groupBy(log, ({ reason }) => reason)
  for (const { reason, updated } of calls) {
    const ids = (logged.get(reason) ?? []).flatMap(({ event_ids }) => event_ids)
    const told = typeof updated === 'number' ? updated : updated?.toSorted()
    if (told !== undefined && !isSame(told, typeof told === 'number' ? ids.length : ids.sort()))
      wrong.push(`${reason}: the caller was told something else`)
    logged.delete(reason)
  }
  return [...wrong, ...[...logged.keys()].map((reason) => `${reason}: nobody was told`)]
}

const ownColumns = ['state', 'updated_at', 'finalized_at']
const columns = [...ownColumns, 'attempt_count', 'schedule_at']

/** A cancel, resume or discard as it has to be: of tasks that it takes, and of no column more than it writes. */
function isMove(action: Operation['action'], { before, after }: Move, attemptMax: number): boolean {
  const written = action === 'resume' ? columns : ownColumns
  const changed = Object.keys(after).filter((key) => !isSame(after[key], before[key]))
  return (
    changed.every((key) => written.includes(key)) &&
    after.updated_at > before.updated_at &&
    (action !== 'discard' || Number(before['attempt_count']) > attemptMax)
  )
}

function isRestored(row: Row, before: Row | undefined): boolean {
  return columns.every((key) => isSame(row[key], before?.[key]))
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
