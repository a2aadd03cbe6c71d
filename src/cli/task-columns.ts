import type { Task, TaskState } from '../types.ts'
import type { Coloured } from './colour.ts'
import type { Column } from './table.ts'
import { formatTime } from './time.ts'

/** The state of a task for people, and its colour. */
export function stateText({ state, stuck }: Pick<Task, 'state' | 'stuck'>): string {
  return stuck ? `${state}, stuck` : state
}

/** A column for the state of whatever has one. */
export function stateColumn<Row extends { state: TaskState | null }>(
  text: (row: Row) => string = ({ state }) => state ?? '',
): Column<Row> {
  return {
    title: 'STATE',
    text,
    colour: (row): Coloured | undefined =>
      text(row).includes('stuck') ? 'stuck' : (row.state ?? undefined),
  }
}

/** The columns of a list of tasks. */
export const taskColumns: readonly Column<Task>[] = [
  { title: 'EVENT ID', text: ({ eventId }) => eventId },
  stateColumn(stateText),
  { title: 'SUBJECT', text: ({ subject }) => subject, shrinkTo: 12 },
  {
    title: 'ATTEMPTS',
    text: ({ attemptCount, attemptMax }) => `${attemptCount} of ${attemptMax}`,
    leaveOut: 2,
  },
  { title: 'CREATED', text: ({ createdAt }) => formatTime(createdAt), leaveOut: 3 },
  { title: 'LAST ERROR', text: ({ lastError }) => lastError ?? '', shrinkTo: 10, leaveOut: 1 },
]
