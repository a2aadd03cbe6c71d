import type { TaskClient } from '../../../client/task-client.ts'
import type { Task, TaskAction, TaskFilter, TaskState } from '../../../client/types.ts'
import { counted, formatNumber } from '../../terminal/format.ts'
import type { Output } from '../../terminal/output.ts'
import type { Column } from '../../terminal/table.ts'
import { taskColumns } from '../../terminal/task-columns.ts'

/** What an action by filter would do. */
export interface Preview {
  action: TaskAction
  consumer: string
  /** How many tasks it would take: of those that match, no more than `--limit`. */
  tasks: number
  /** How many match that it can take. */
  matching: number
  byState: Partial<Record<TaskState, number>>
  /** By subject, most tasks first; among the oldest `lookedAt` tasks. */
  bySubject: { subject: string; tasks: number }[]
  lookedAt: number
  /** The oldest few. */
  first: Task[]
}

/** How many tasks are looked at one by one. Counting goes further. */
const lookAt = 10_000
const pageSize = 1000
/** How many tasks, and how many subjects, are shown one by one. */
const showTasks = 5
const showSubjects = 10

/**
 * Looks at what an action would do.
 *
 * Discard looks at each running task, for nothing can count those that are stuck; as a rule they are few.
 *
 * @param filter - with states that the action takes
 */
export async function previewOf(
  tasks: TaskClient,
  action: TaskAction,
  consumer: string,
  filter: TaskFilter & { states: readonly TaskState[] },
  limit = Infinity,
): Promise<Preview> {
  // In the order in which the states are named.
  const byState = new Map(filter.states.map((state) => [state, 0]))
  const subjects = new Map<string, number>()
  const first: Task[] = []
  let lookedAt = 0
  let sawAll = true
  for await (const page of tasks.pages(consumer, filter, { pageSize, oldestFirst: true })) {
    if (lookedAt >= lookAt && action !== 'discard') {
      sawAll = false
      break
    }
    lookedAt += page.length
    const taken = action === 'discard' ? page.filter(({ stuck }) => stuck) : page
    for (const { state, subject } of taken) {
      byState.set(state, (byState.get(state) ?? 0) + 1)
      subjects.set(subject, (subjects.get(subject) ?? 0) + 1)
    }
    first.push(...taken.slice(0, showTasks - first.length))
  }
  if (!sawAll) {
    for (const state of filter.states)
      byState.set(state, await tasks.count(consumer, { ...filter, states: [state] }))
  }
  const matching = [...byState.values()].reduce((sum, count) => sum + count, 0)
  return {
    action,
    consumer,
    tasks: Math.min(matching, limit),
    matching,
    byState: Object.fromEntries([...byState].filter(([, count]) => count > 0)),
    bySubject: [...subjects]
      .map(([subject, count]) => ({ subject, tasks: count }))
      .sort((a, b) => b.tasks - a.tasks),
    lookedAt,
    first,
  }
}

const subjectColumns: readonly Column<Preview['bySubject'][number]>[] = [
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
    ...(counts < matching ? [`(among the oldest ${formatNumber(lookedAt)})`] : []),
    '',
    ...table(taskColumns).lines(first),
    ...(matching > first.length ? ['…'] : []),
    '',
  ]
}

/** `cancel would take 12 tasks of send_email: 7 pending, 5 available`. */
function sentence({ action, consumer, tasks, matching, byState }: Preview): string {
  const states = Object.entries(byState).map(([state, count]) => `${formatNumber(count)} ${state}`)
  const taken =
    tasks < matching
      ? `${formatNumber(tasks)} of the ${counted(matching, 'task')} of ${consumer} that match`
      : `${counted(tasks, 'task')} of ${consumer}`
  return `${action} would take ${taken}: ${states.join(', ')}`
}
