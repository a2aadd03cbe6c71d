// Cancel, resume and discard for all tasks that a filter matches, batch by batch.
import type { TaskState } from 'kanthorq-tasks'
import { isEmpty, matches, type ModelFilter } from './filter.ts'
import type { ModelLog } from './operations.ts'
import { states, type ModelConsumer, type ModelTask } from './task.ts'
import { takes, transit, transitions, type Action } from './transitions.ts'

/** What a bulk call is asked to do. */
export interface Bulk {
  readonly action: Action
  readonly filter: ModelFilter
  /** Has to be true if the filter is empty. */
  readonly everything: boolean
  readonly batchSize: number
  readonly maxTasks: number
  readonly reason: string | null
  /** When the first of the resumed tasks is due. Default: when the first batch began. */
  readonly due: number | undefined
  /** Milliseconds over which the resumed tasks are spread, evenly. */
  readonly spread: number
  readonly resetAttempts: boolean
}

/** Where a bulk call stands after a batch. */
export interface Progress {
  readonly bulk: Bulk
  /** When the first batch began. */
  readonly started: number
  /** Milliseconds from one resumed task to the next. */
  readonly step: number
  /** How many tasks it has moved. */
  total: number
  /** Which of its lanes it is in, and the last task there that it has seen. */
  lane: number
  last: ModelTask | undefined
  ended: boolean
}

/** Whether the call is refused, with KQ003: an empty filter by accident, or states that the action never takes. */
export function isRefused({ action, filter, everything }: Bulk): boolean {
  return (isEmpty(filter) && !everything) || statesOf({ action, filter }).length === 0
}

export function begin(consumer: ModelConsumer, bulk: Bulk, started: number): Progress {
  const progress = { bulk, started, total: 0, lane: 0, last: undefined, ended: false }
  const all = [...consumer.tasks.values()].filter((task) =>
    isMeant(task, consumer, progress, started),
  )
  const count = Math.min(all.length, bulk.maxTasks)
  return { ...progress, step: bulk.spread / Math.max(count, 1) }
}

/** Does the next batch, and returns how many tasks it moved: it may be none although the end has not been reached. */
export function nextBatch(
  log: ModelLog,
  consumer: ModelConsumer,
  progress: Progress,
  now: number,
): number {
  const { bulk, started, step, total, last } = progress
  const lanes = lanesOf(consumer, bulk)
  const lane = lanes[progress.lane] ?? []
  const limit = Math.min(bulk.batchSize, bulk.maxTasks - total)
  const batch = [...consumer.tasks.values()]
    .filter((task) => lane.includes(task.state) && isMeant(task, consumer, progress, now))
    .filter((task) => last === undefined || inOrder(consumer, last, task) < 0)
    .sort((a, b) => inOrder(consumer, a, b))
    .slice(0, limit)

  const ids = batch.map((task) => task.event_id).sort()
  const due = bulk.due ?? started
  transit(log, consumer, bulk.action, ids, {
    now,
    reason: bulk.reason,
    due: (id) => Math.round(due + step * (total + ids.indexOf(id))),
    resetAttempts: bulk.resetAttempts,
  })

  progress.total += batch.length
  const isThrough = batch.length < limit
  progress.ended =
    progress.total >= bulk.maxTasks || (isThrough && progress.lane === lanes.length - 1)
  if (isThrough) progress.lane += 1
  progress.last = isThrough ? undefined : batch.at(-1)
  return batch.length
}

/** What came, or was finished, after the first batch began is left alone: so it comes to an end. */
function isMeant(
  task: ModelTask,
  consumer: ModelConsumer,
  { bulk, started }: Pick<Progress, 'bulk' | 'started'>,
  now: number,
): boolean {
  return (
    matches(task, bulk.filter) &&
    takes(bulk.action, task, consumer, now) &&
    task.created_at <= started &&
    task.finalized_at <= started
  )
}

/** With an index it goes through one state after the other, as tasks come due; else through all at once, by event id. */
function lanesOf(consumer: ModelConsumer, bulk: Bulk): readonly (readonly TaskState[])[] {
  const all = statesOf(bulk)
  return consumer.hasIndex ? all.map((state) => [state]) : [all]
}

function inOrder(consumer: ModelConsumer, a: ModelTask, b: ModelTask): number {
  if (consumer.hasIndex && a.schedule_at !== b.schedule_at) return a.schedule_at - b.schedule_at
  return a.event_id < b.event_id ? -1 : Number(a.event_id > b.event_id)
}

function statesOf({ action, filter }: Pick<Bulk, 'action' | 'filter'>) {
  return states.filter(
    (state) => transitions[action].from.includes(state) && (filter.states?.includes(state) ?? true),
  )
}
