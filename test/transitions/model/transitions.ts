// Cancel, resume and discard: which tasks they take, and what they make of them.
import type { TaskState, TransitionResult } from 'kanthorq-tasks'
import { record, type ModelLog } from './operations.ts'
import { isStuck, type ModelConsumer, type ModelTask } from './task.ts'

export type Action = 'cancel' | 'resume' | 'discard'

export const actions = ['cancel', 'resume', 'discard'] as const

/** What a call says besides which tasks are meant, and when it is made. */
export interface Order {
  readonly now: number
  readonly reason: string | null
  /** When a resumed task is due. */
  readonly due: (id: string) => number
  /** Gives a resumed task all its attempts back. Default: no. */
  readonly resetAttempts: boolean | undefined
}

interface Transition {
  readonly from: readonly TaskState[]
  /** What else has to be so for the task to be taken. */
  readonly if: (task: ModelTask, consumer: ModelConsumer, now: number) => boolean
  readonly becomes: (task: ModelTask, consumer: ModelConsumer, order: Order) => Partial<ModelTask>
}

export const transitions: Readonly<Record<Action, Transition>> = {
  cancel: {
    from: ['pending', 'available', 'retryable'],
    if: () => true,
    becomes: (_task, _consumer, { now }) => ({ state: 'cancelled', finalized_at: now }),
  },
  resume: {
    from: ['discarded', 'cancelled'],
    if: () => true,
    // At least one attempt is left, however often it is resumed.
    becomes: (task, consumer, { due, resetAttempts = false }) => ({
      state: 'running',
      finalized_at: 0,
      schedule_at: due(task.event_id),
      attempt_count: resetAttempts ? 0 : Math.min(task.attempt_count, consumer.attemptMax),
    }),
  },
  discard: {
    from: ['running'],
    if: isStuck,
    becomes: (_task, _consumer, { now }) => ({ state: 'discarded', finalized_at: now }),
  },
}

export function takes(
  action: Action,
  task: ModelTask | undefined,
  consumer: ModelConsumer,
  now: number,
): boolean {
  const transition = transitions[action]
  return (
    task !== undefined && transition.from.includes(task.state) && transition.if(task, consumer, now)
  )
}

/** A call: moves the tasks that the action takes, leaves the others as they are, and goes into the log if it moved any. */
export function transit(
  log: ModelLog,
  consumer: ModelConsumer,
  action: Action,
  ids: readonly string[],
  order: Order,
): TransitionResult {
  const moved = [...new Set(ids)]
    .map((id) => consumer.tasks.get(id))
    .filter((task) => task !== undefined)
    .filter((task) => takes(action, task, consumer, order.now))
  const changes = moved.map((before) => ({
    before,
    after: {
      ...before,
      ...transitions[action].becomes(before, consumer, order),
      // It always grows, so that of two calls in one millisecond the later one can be told.
      updated_at: Math.max(order.now, before.updated_at + 1),
    },
  }))
  for (const { after } of changes) consumer.tasks.set(after.event_id, after)
  record(log, { action, consumer: consumer.name, ...order, undoes: null, changes })
  return divide(ids, new Set(moved.map((task) => task.event_id)))
}

/** Each distinct id once, in the order in which the ids were given. */
export function divide(ids: readonly string[], moved: ReadonlySet<string>): TransitionResult {
  const distinct = [...new Set(ids)]
  return {
    updated: distinct.filter((id) => moved.has(id)),
    noop: distinct.filter((id) => !moved.has(id)),
  }
}
