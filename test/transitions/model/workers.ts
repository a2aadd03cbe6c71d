// What KanthorQ does with a task: makes it, has it worked, writes down how that went, and its own Cancel and Resume. It never
// touches updated_at.
import type { TaskState } from 'kanthorq-tasks'
import {
  hasAttemptsLeft,
  isDue,
  type Metadata,
  type ModelConsumer,
  type ModelTask,
} from './task.ts'

export interface ModelEvent {
  readonly id: string
  readonly subject: string
  readonly metadata: Metadata
}

/** A consumer's new task of an event. `made` is when it came into the table, `now` when that was asked for. */
export function converted(
  event: ModelEvent,
  consumer: ModelConsumer,
  state: TaskState,
  { now, made }: { readonly now: number; readonly made: number },
): ModelTask {
  return {
    event_id: event.id,
    subject: event.subject,
    state,
    schedule_at: now + consumer.visibilityTimeout,
    finalized_at: 0,
    attempt_count: 0,
    attempted_at: 0,
    attempted_error: [],
    metadata: event.metadata,
    created_at: made,
    updated_at: made,
  }
}

/** Its two pullers: one takes retryable tasks, the other running ones whose visibility timeout is over. */
export type Puller = 'retryable' | 'running'

export function isPulled(
  task: ModelTask,
  consumer: ModelConsumer,
  puller: Puller,
  now: number,
): boolean {
  return task.state === puller && hasAttemptsLeft(task, consumer) && isDue(task, now)
}

/** Taken by a worker: one attempt more, and the next one further away each time. */
export function pulled(task: ModelTask, consumer: ModelConsumer, now: number): ModelTask {
  const attempt_count = task.attempt_count + 1
  return {
    ...task,
    state: 'running',
    attempt_count,
    attempted_at: now,
    schedule_at: now + consumer.visibilityTimeout + attempt_count ** 4 * 1000,
  }
}

/** The worker is done with a running task. */
export function completed(task: ModelTask, now: number): ModelTask {
  return { ...task, state: 'completed', finalized_at: now }
}

/** The worker has failed at a running task: retryable, or discarded when that was its last attempt. */
export function failed(
  task: ModelTask,
  consumer: ModelConsumer,
  error: string,
  now: number,
): ModelTask {
  const isLast = task.attempt_count >= consumer.attemptMax
  return {
    ...task,
    state: isLast ? 'discarded' : 'retryable',
    finalized_at: isLast ? now : 0,
    attempted_error: [...task.attempted_error, { at: 0, error, stack: '' }],
  }
}

/** KanthorQ's own Cancel, of tasks that are pending, available or retryable. */
export function theirCancel(task: ModelTask, now: number): ModelTask {
  return { ...task, state: 'cancelled', finalized_at: now }
}

/** KanthorQ's own Resume, of tasks that are discarded or cancelled: attempts and schedule stay as they are. */
export function theirResume(task: ModelTask): ModelTask {
  return { ...task, state: 'running', finalized_at: 0 }
}
