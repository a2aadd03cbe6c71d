// What a task and a consumer are.
//
// The model says what should happen to them: transitions.ts what cancel, resume and discard do, batches.ts in bulk,
// operations.ts what is logged and how it is undone, filter.ts which tasks are meant, reading.ts what is shown, and workers.ts
// what KanthorQ does. It knows nothing of SQL. The other files here make up sequences of steps and try them on both.
import type { TaskState } from 'kanthorq-tasks'

/** The states of a task, in the order of KanthorQ's codes. */
export const states = [
  'discarded',
  'cancelled',
  'pending',
  'available',
  'running',
  'completed',
  'retryable',
] as const satisfies readonly TaskState[]

/** A task: what one consumer makes of one event. Times are epoch milliseconds; 0 is "not yet". */
export interface ModelTask {
  readonly event_id: string
  readonly subject: string
  readonly state: TaskState
  /** When a worker may take it, or take it again. */
  readonly schedule_at: number
  /** When it was completed, cancelled or discarded. */
  readonly finalized_at: number
  readonly attempt_count: number
  readonly attempted_at: number
  readonly attempted_error: readonly AttemptedError[]
  readonly metadata: Metadata
  readonly created_at: number
  readonly updated_at: number
}

export interface AttemptedError {
  readonly at: number
  readonly error: string
  readonly stack: string
}

export type Metadata = Readonly<Record<string, unknown>>

/** A consumer, and all of its tasks by event id. */
export interface ModelConsumer {
  readonly name: string
  /** A worker takes a task as long as its attempts are not more than this. */
  readonly attemptMax: number
  /** Milliseconds after which a running task may be taken again. */
  readonly visibilityTimeout: number
  /** Whether its table has an index on state and schedule_at. It decides in which order batches go, and nothing else. */
  readonly hasIndex: boolean
  readonly tasks: Map<string, ModelTask>
}

export function isDue(task: ModelTask, now: number): boolean {
  return task.schedule_at < now
}

export function hasAttemptsLeft(task: ModelTask, consumer: ModelConsumer): boolean {
  return task.attempt_count <= consumer.attemptMax
}

/** No worker will ever take it: its time is over, and it has no attempts left. */
export function isStuck(task: ModelTask, consumer: ModelConsumer, now: number): boolean {
  return task.state === 'running' && isDue(task, now) && !hasAttemptsLeft(task, consumer)
}

export function lastError(task: ModelTask): string | null {
  return task.attempted_error.at(-1)?.error ?? null
}
