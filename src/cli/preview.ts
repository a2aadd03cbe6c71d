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

/**
 * Looks at what an action would do.
 *
 * Discard looks at each running task, for nothing can count those that are stuck; as a rule they are few.
 *
 * @param filter - with states that the action takes
 */
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
  let lookedAt = 0
  let sawAll = true
  for await (const page of tasks.pages(consumer, filter, { pageSize })) {
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
    first.push(...taken.slice(0, showFirst - first.length))
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
