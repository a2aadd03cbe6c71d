import type { ClientBase } from 'pg'

/** The states of a task, by the names that the SQL API uses for KanthorQ's codes. */
export type TaskState =
  'discarded' | 'cancelled' | 'pending' | 'available' | 'running' | 'completed' | 'retryable'

/** A task: what one consumer makes of one event. Its key is the event's id. The SQL type is `kanthorq_task`. */
export interface Task {
  eventId: string
  subject: string
  state: TaskState
  /** Running, overdue and with its attempts spent: no worker will ever take it. */
  stuck: boolean
  /** When it may be picked up, or picked up again. */
  scheduleAt: Date | null
  /** When it was completed, cancelled or discarded; null while it is none of these. */
  finalizedAt: Date | null
  /** How many attempts workers have begun; 0 again when they were reset. */
  attemptCount: number
  /** With more than these, no worker takes it: the consumer's setting. */
  attemptMax: number
  attemptedAt: Date | null
  /** What the last failed attempt said; null if none has failed. */
  lastError: string | null
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

/** Which tasks of a consumer are meant. What is left out lets everything through. */
export interface TaskFilter {
  /** In one of these states. */
  states?: readonly TaskState[]
  /** With a subject that this filter matches: `*` is one token, `>` at the end is one or more. */
  subject?: string
  /** With metadata that contains this. */
  metadata?: Record<string, unknown>
  /** With a last error that contains this text, in this case. */
  error?: string
  /** Made at this time or later. */
  createdAfter?: Date
  /** Made before this time. */
  createdBefore?: Date
}

/** How many tasks of a consumer are in one state. */
export interface TaskStats {
  consumerName: string
  state: TaskState
  tasks: number
  /** When the oldest of them was made. */
  oldest: Date
  /** When the first of them that a worker may take is due; null if there is none. */
  nextDue: Date | null
  /** How many are running, overdue and with their attempts spent. */
  stuck: number
}

/** What each call would do to a task, and why. */
export interface Explanation {
  eventId: string
  /** null if the consumer has no task of this event. */
  state: TaskState | null
  canCancel: boolean
  canResume: boolean
  canDiscard: boolean
  /** A sentence about where the task stands and what can be done. */
  why: string
  /** When a worker may take it, at the earliest; null if none ever will unless a person acts. */
  nextRunAt: Date | null
}

/** An entry of the log: a call, or a batch, that moved tasks. */
export interface Operation {
  /** A number too large for JavaScript's, in digits. It is what `undo` takes. */
  id: string
  at: Date
  action: 'cancel' | 'resume' | 'discard' | 'undo'
  consumerName: string
  /** What the caller gave as the reason. */
  reason: string | null
  /** The role that had logged in. */
  actor: string
  applicationName: string | null
  clientAddr: string | null
  transactionId: string
  /** The operation that this one undid. */
  undoes: string | null
  /** How many tasks it moved. */
  tasks: number
  /** How many of them from each state. */
  fromStates: Partial<Record<TaskState, number>>
  eventIds: string[]
}

/** Something that is wrong in the database, and how to mend it. */
export interface Finding {
  check: string
  severity: 'error' | 'warning' | 'info'
  detail: string
  /** SQL; a comment where a person has to decide first. */
  fix: string
}

/** What a role may do: look at tasks, or move them too. */
export type RoleLevel = 'viewer' | 'operator'

/** Anything with node-postgres' `query()`: a Pool, a Client, or a PoolClient inside a transaction of the caller's. */
export type Queryable = Pick<ClientBase, 'query'>
