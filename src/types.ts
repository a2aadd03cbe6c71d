import type { ClientBase } from 'pg'

/** The states of a task, by the names that the SQL API uses for KanthorQ's codes. */
export type TaskState =
  'discarded' | 'cancelled' | 'pending' | 'available' | 'running' | 'completed' | 'retryable'

/** What KanthorQ appends to a task when an attempt fails. */
export interface AttemptError {
  /** Epoch milliseconds, as KanthorQ writes it. */
  at: number
  error: string
  stack: string
}

/** A task: what one consumer makes of one event. Its key is the event's id. */
export interface Task {
  eventId: string
  subject: string
  state: TaskState
  /** When it may be picked up (again). */
  scheduleAt: Date
  /** When it was completed, cancelled or discarded; null while it is none of these. */
  finalizedAt: Date | null
  attemptCount: number
  attemptedAt: Date | null
  attemptedError: AttemptError[]
  metadata: Record<string, unknown>
  createdAt: Date
  updatedAt: Date
}

/** A consumer: its name, or anything that has it, such as a row of `kanthorq_consumer_registry`. */
export type ConsumerRef = string | { readonly name: string }

/** A task: the id of its event, or a {@link Task}. */
export type TaskRef = string | Pick<Task, 'eventId'>

/** What a transition did. Together the two hold each distinct id once, in the order in which the ids were given. */
export interface TransitionResult {
  /** Event ids of the tasks that this call moved. */
  updated: string[]
  /** Event ids that are in another state, or of which the consumer has no task. */
  noop: string[]
}

/** Anything with node-postgres' `query()`: a Pool, a Client, or a PoolClient inside a transaction of the caller's. */
export type Queryable = Pick<ClientBase, 'query'>
