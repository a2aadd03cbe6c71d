import { counted, formatNumber } from './number.ts'
import type { Output } from './output.ts'
import type { Preview } from './preview.ts'
import type { Column } from './table.ts'
import { taskColumns } from './task-columns.ts'

/** How many subjects are shown one by one. */
const showSubjects = 10

/** `cancel would take 12 tasks of send_email: 7 pending, 5 available`. */
function sentence({ action, consumer, tasks, matching, byState }: Preview): string {
  const states = Object.entries(byState).map(([state, count]) => `${formatNumber(count)} ${state}`)
  const limited = tasks < matching ? ` of the ${formatNumber(matching)} that match` : ''
  return `${action} would take ${counted(tasks, 'task')} of ${consumer}${limited}: ${states.join(', ')}`
}

type Subject = Preview['bySubject'][number]

const subjectColumns: readonly Column<Subject>[] = [
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  { title: 'SUBJECT', text: ({ subject }) => subject, shrinkTo: 12 },
]

/** What an action would do, for people: how many tasks, of which subjects, and the first few of them. */
export function previewLines(preview: Preview, table: Output['table']): string[] {
  const { bySubject, first, lookedAt, matching } = preview
  if (matching === 0)
    return [`${preview.action} would take none of the tasks of ${preview.consumer}`]
  const hidden = bySubject.length - showSubjects
  const counts = bySubject.reduce((sum, { tasks }) => sum + tasks, 0)
  return [
    sentence(preview),
    '',
    ...table(subjectColumns).lines(bySubject.slice(0, showSubjects)),
    ...(hidden > 0 ? [`and ${counted(hidden, 'more subject')}`] : []),
    ...(counts < matching ? [`(among the newest ${formatNumber(lookedAt)})`] : []),
    '',
    ...table(taskColumns).lines(first),
    ...(matching > first.length ? ['…'] : []),
    '',
  ]
}
