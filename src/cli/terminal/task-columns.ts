import type { Task } from '../../client/types.ts'
import { RawJson } from './data.ts'
import { formatAge, formatDue, formatTime } from './format.ts'
import type { Column } from './table.ts'

/** The characters of an error that tables show at most. */
const maxError = 400

/** A task in a table. */
export type ShownTask = Pick<
  Task,
  'eventId' | 'subject' | 'state' | 'stuck' | 'attemptCount' | 'attemptMax' | 'scheduleAt' | 'createdAt' | 'lastError'
>

/** The select list for a table. */
export const shownTask = `event_id, subject, state, stuck, attempt_count, attempt_max, schedule_at, created_at,
  left(last_error, ${maxError}) as last_error`

/** The select list for JSON and CSV. */
export const wholeTask = `event_id, subject, state, stuck, schedule_at, finalized_at, attempt_count, attempt_max,
  attempted_at, last_error, metadata::text as metadata, created_at, updated_at`

/** The bytes of a task, as SQL. */
export const sizeOfTask = `coalesce(octet_length(last_error), 0) + coalesce(octet_length(metadata::text), 0)`

/** A task as JSON, with the metadata as in the database. */
export function taskRecord(row: { metadata: string }): object {
  return { ...row, metadata: new RawJson(row.metadata) }
}

/** The columns of a table of tasks. */
export const taskColumns: readonly Column<ShownTask>[] = [
  { title: 'EVENT ID', text: ({ eventId }) => eventId },
  {
    title: 'STATE',
    text: ({ state, stuck }) => (stuck ? `${state}, stuck` : state),
    colour: ({ state, stuck }) => (stuck ? 'stuck' : state),
  },
  { title: 'SUBJECT', text: ({ subject }) => subject, shrinkTo: 12, leaveOut: 1 },
  {
    title: 'ATTEMPTS',
    text: ({ attemptCount, attemptMax }) => `${attemptCount} of ${attemptMax}`,
    leaveOut: 4,
  },
  { title: 'DUE', text: (task) => (waits(task) ? formatDue(task.scheduleAt) : ''), leaveOut: 3, isFleeting: true },
  { title: 'CREATED', text: ({ createdAt }) => formatTime(createdAt), leaveOut: 6 },
  { title: 'AGE', text: ({ createdAt }) => formatAge(createdAt), align: 'right', leaveOut: 5, isFleeting: true },
  { title: 'LAST ERROR', text: ({ lastError }) => lastError ?? '', shrinkTo: 10, leaveOut: 2 },
]

/** Whether a worker takes the task when it is due. */
function waits({ state, stuck }: ShownTask): boolean {
  return !stuck && (state === 'running' || state === 'retryable')
}
