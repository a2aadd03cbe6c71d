import type { Task } from '../../client/types.ts'
import { formatTime } from './format.ts'
import type { Column } from './table.ts'

/** The columns of a table of tasks. */
export const taskColumns: readonly Column<Task>[] = [
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
    leaveOut: 3,
  },
  { title: 'CREATED', text: ({ createdAt }) => formatTime(createdAt), leaveOut: 4 },
  { title: 'LAST ERROR', text: ({ lastError }) => lastError ?? '', shrinkTo: 10, leaveOut: 2 },
]
