import type { Preview, TaskAction } from '../../../client/types.ts'
import { counted, countsByState, formatNumber } from '../../terminal/format.ts'
import type { Output } from '../../terminal/output.ts'
import type { Column } from '../../terminal/table.ts'
import { taskColumns } from '../../terminal/task-columns.ts'

const subjectColumns: readonly Column<Preview['bySubject'][number]>[] = [
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  { title: 'SUBJECT', text: ({ subject }) => subject, shrinkTo: 12 },
]

/** A preview for people: the number of tasks, their subjects, the first few tasks, and the tasks left out. */
export function previewLines(action: TaskAction, consumer: string, preview: Preview, table: Output['table']): string[] {
  const { tasks, matching, byState, bySubject, subjects, firstTasks, leftOut } = preview
  const omitted = countsByState(leftOut)
  const leftOutLine = omitted === '' ? [] : [`${action} does not take ${omitted} that match`]
  if (matching === 0) return [`${action} would take none of the tasks of ${consumer}`, ...leftOutLine]
  const hidden = subjects - bySubject.length
  const taken =
    tasks < matching
      ? `${formatNumber(tasks)} of the ${counted(matching, 'task')} of ${consumer} that match`
      : `${counted(tasks, 'task')} of ${consumer}`
  return [
    `${action} would take ${taken}: ${countsByState(byState)}`,
    ...leftOutLine,
    '',
    ...table(subjectColumns).lines(bySubject),
    ...(hidden > 0 ? [`and ${counted(hidden, 'more subject')}`] : []),
    '',
    ...table(taskColumns).lines(firstTasks),
    ...(matching > firstTasks.length ? ['…'] : []),
    '',
  ]
}
