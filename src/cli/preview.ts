import type { TaskClient } from '../client.ts'
import type { Task, TaskFilter, TaskState } from '../types.ts'
import type { Action } from './action.ts'

/** What an action by filter would do. */
export interface Preview {
  action: Action
  consumer: string
  /** How many tasks it would take: of those that match, no more than `--limit`. */
  tasks: number
  /** How many match that it can take. */
  matching: number
  /** Whether `matching` is all of them; false if there were too many to look at each, which discard has to. */
  complete: boolean
  byState: Partial<Record<TaskState, number>>
  /** By subject, most tasks first; among the newest `lookedAt` tasks. */
  bySubject: { subject: string; tasks: number }[]
  lookedAt: number
  /** The newest few. */
  first: Task[]
}

/** How many tasks are looked at one by one. Counting goes further. */
const lookAt = 10_000
const pageSize = 1000
const showFirst = 5

/** Looks at what an action would do. Takes states that the filter names and the action takes. */
export async function previewOf(
  tasks: TaskClient,
  action: Action,
  consumer: string,
  filter: TaskFilter & { states: readonly TaskState[] },
  limit = Infinity,
): Promise<Preview> {
  // In the order in which the states are named.
  const byState = new Map(filter.states.map((state) => [state, 0]))
  const subjects = new Map<string, number>()
  const first: Task[] = []
  let seen = 0
  let matching = 0
  for await (const page of tasks.pages(consumer, filter, { pageSize })) {
    seen += page.length
    for (const task of page.filter(({ stuck }) => action !== 'discard' || stuck)) {
      matching += 1
      byState.set(task.state, (byState.get(task.state) ?? 0) + 1)
      subjects.set(task.subject, (subjects.get(task.subject) ?? 0) + 1)
      if (first.length < showFirst) first.push(task)
    }
    if (seen >= lookAt) break
  }
  const sawAll = seen < lookAt
  if (!sawAll && action !== 'discard') {
    matching = 0
    for (const state of filter.states) {
      const count = await tasks.count(consumer, { ...filter, states: [state] })
      byState.set(state, count)
      matching += count
    }
  }
  return {
    action,
    consumer,
    tasks: Math.min(matching, limit),
    matching,
    complete: sawAll || action !== 'discard',
    byState: Object.fromEntries([...byState].filter(([, count]) => count > 0)),
    bySubject: [...subjects]
      .map(([subject, count]) => ({ subject, tasks: count }))
      .sort((a, b) => b.tasks - a.tasks),
    lookedAt: seen,
    first,
  }
}
