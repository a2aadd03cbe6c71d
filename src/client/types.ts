/** The state of a task. The SQL API uses these names for KanthorQ's codes. */
export type TaskState = 'discarded' | 'cancelled' | 'pending' | 'available' | 'running' | 'completed' | 'retryable'

/** The states of a task that has nothing before it, unless a person resumes it. */
export type FinishedState = Extract<TaskState, 'completed' | 'cancelled' | 'discarded'>

/** What a transition does to tasks. */
export type TaskAction = 'cancel' | 'resume' | 'discard'

/** A task: the work of one consumer on one event, identified by the event id. The SQL type is `kanthorq_task`. */
export interface Task {
  /** The id of its event. */
  eventId: string
  /** The subject of its event. */
  subject: string
  /** Its state. */
  state: TaskState
  /** Running, overdue and out of attempts: no worker will pick it up again. A slow handler may still be working on it. */
  stuck: boolean
  /** When a worker may pick it up. */
  scheduleAt: Date | null
  /** When it was completed, cancelled or discarded; null in the other states. */
  finalizedAt: Date | null
  /** How many times a worker picked the task up again after its first run; `resetAttempts` sets it to 0. */
  attemptCount: number
  /**
   * The consumer's limit. Workers pick a task up while `attemptCount <= attemptMax`, so a new task whose handler always
   * fails runs `attemptMax + 1` times.
   */
  attemptMax: number
  /** When the last attempt began; null if none did. */
  attemptedAt: Date | null
  /** The error of the last failed attempt; null if none failed. */
  lastError: string | null
  /** The metadata of its event. A number in it that JavaScript would round is text with its digits. */
  metadata: Record<string, unknown>
  /** When its event was converted into a task. */
  createdAt: Date
  /** When KanthorQ or a call last changed it. */
  updatedAt: Date
}

/** A consumer: its name, or an object with the name, such as a row of `kanthorq_consumer_registry`. */
export type ConsumerRef = string | { readonly name: string }

/** A task: its event id, or a {@link Task}. */
export type TaskRef = string | Pick<Task, 'eventId'>

/** The result of a transition. The two lists together contain each distinct id once, in the order of the input. */
export interface TransitionResult {
  /** Event ids of the tasks that the call moved. */
  updated: string[]
  /** Event ids whose tasks are in another state or do not exist. */
  noop: string[]
}

/** The result of a bulk call. */
export interface BulkResult {
  /** The number of tasks that the call moved. */
  updated: number
  /** The number of tasks that the call left out because another session held or moved them. */
  skipped: number
  /** The id of the call, for `undoAll`; null if it moved nothing. */
  bulkId: string | null
}

/** The result of a purge. */
export interface PurgeResult {
  /** The number of rows that it deleted, or of a preview would delete. */
  purged: number
  /** The number of rows that it left out because another session held them. */
  skipped: number
  /** How many rows of that age have to stay, by the reason. Of events only a preview counts them. */
  kept: Record<string, number>
  /** The id of the purge in the log; null if it deleted nothing. */
  bulkId: string | null
}

/**
 * What a bulk call throws when it is aborted or fails between two batches: the same error as otherwise, with the result so far.
 *
 * @example
 * try {
 *   await tasks.cancelAll('send_email', { subject: 'order.>' }, { signal: AbortSignal.timeout(60_000) })
 * } catch (error) {
 *   if (error instanceof Error && 'bulkId' in error) console.log(error.bulkId)
 * }
 */
export type BulkError = Error & BulkResult

/** The id of an operation or of a bulk call: a 64-bit number, as digits, as a BigInt or as a safe integer. */
export type OperationId = string | number | bigint

/**
 * Selects tasks of a consumer. A task has to match every part that is given. Only an absent or undefined part is not given:
 * anything else that would select more than was written is an {@link InvalidArgumentError}.
 */
export interface TaskFilter {
  /** In one of these states. */
  states?: readonly TaskState[] | undefined
  /** Matches the subject: `*` is one token, `>` at the end is one or more tokens. */
  subject?: string | undefined
  /**
   * The metadata contains this: a plain object with at least one key, of plain objects, arrays, texts, finite numbers, BigInts,
   * booleans and null. A whole number beyond 2^53 has to be a BigInt.
   */
  metadata?: object | undefined
  /** The last error contains this text, upper and lower case alike. */
  error?: string | undefined
  /** The last error has this fingerprint, of an {@link ErrorGroup}. */
  fingerprint?: string | undefined
  /** Created at this time or later. */
  createdAfter?: Date | undefined
  /** Created before this time. */
  createdBefore?: Date | undefined
  /** Completed, cancelled or discarded at this time or later. */
  finalizedAfter?: Date | undefined
  /** Completed, cancelled or discarded before this time. */
  finalizedBefore?: Date | undefined
}

/** The tasks of a consumer that failed for one cause. The SQL type is `kanthorq_error`. */
export interface ErrorGroup {
  /** The name of the consumer. */
  consumerName: string
  /** The first line of their last error, at most 200 characters, with `*` for each value. {@link TaskFilter} takes it. */
  fingerprint: string
  /** The number of tasks. */
  tasks: number
  /** The first time at which the last attempt of one of them failed; null if no error has a time. */
  firstFailedAt: Date | null
  /** The last of these times. */
  lastFailedAt: Date | null
  /** How many of them are in each state. */
  byState: Partial<Record<TaskState, number>>
  /** The ten subjects with the most tasks. */
  bySubject: { subject: string; tasks: number }[]
  /** The number of subjects. */
  subjects: number
  /** The last error of the newest of them, at most 1000 characters. */
  sampleError: string
  /** The event ids of up to five of them, the newest first. */
  sampleIds: string[]
  /** Whether `maxTasks` left out older failures of the consumer. */
  cut: boolean
}

/** A consumer, its settings and its backlog. */
export interface Consumer {
  /** Its name. */
  consumerName: string
  /** The stream of its events. */
  streamName: string
  /** Filters of the subjects that it wants. */
  subjectIncludes: string[]
  /** Filters of the subjects that it does not want. */
  subjectExcludes: string[]
  /** How many attempts a failing task has before it is discarded. */
  attemptMax: number
  /** Milliseconds after which a running task is picked up again. */
  visibilityTimeout: number
  /** Since when it is held, by whom and why; null if it is not. */
  held: string | null
  /** The number of events that it has not read yet, wanted or not; null if their table is gone or has a fault. */
  unread: number | null
  /** When the oldest of them was made. */
  oldestUnread: Date | null
  /** Since when the oldest task is due that a worker may take; null if none is. */
  oldestDue: Date | null
}

/** The number of tasks of a consumer in one state. */
export interface TaskStats {
  /** The name of the consumer. */
  consumerName: string
  /** The state that is counted. */
  state: TaskState
  /** The number of its tasks in this state. */
  tasks: number
  /** When the oldest of them was created; null in an estimate. */
  oldest: Date | null
  /** When the first of them becomes due that a worker can pick up; null if there is none, and in an estimate. */
  nextDue: Date | null
  /** How many are running, overdue and out of attempts. */
  stuck: number
  /** Since when the consumer is held, by whom and why; null if it is not. */
  held: string | null
}

/** What happened to the tasks of a consumer in a bucket of time. */
export interface TaskRates {
  /** The name of the consumer. */
  consumerName: string
  /** When the bucket begins. The last one is not over yet. */
  at: Date
  /** The number of tasks that were made. */
  arrived: number
  /** The number of tasks that were completed. */
  completed: number
  /** The number of attempts that failed. */
  failed: number
  /** The number of tasks that were discarded. */
  discarded: number
  /** The number of tasks that were cancelled. */
  cancelled: number
  /** The number of tasks that were not finished at its end, or are not finished now. */
  waiting: number
}

/** What each transition would do to a task, and why. */
export interface Explanation {
  /** The id that was asked for. */
  eventId: string
  /** null if the consumer has no task for this event. */
  state: TaskState | null
  /** Whether cancel would take it. */
  canCancel: boolean
  /** Whether resume would take it. */
  canResume: boolean
  /** Whether discard would take it. */
  canDiscard: boolean
  /** A sentence about the task's situation and what can be done. */
  why: string
  /** The earliest time at which a worker may pick it up; null if none will until a person acts. */
  nextRunAt: Date | null
}

/** What a bulk call would do. */
export interface Preview {
  /** The number of tasks that it would move: `matching`, but at most `maxTasks`. */
  tasks: number
  /** The number of tasks that match the filter and can be moved. */
  matching: number
  /** How many of them are in each state. */
  byState: Partial<Record<TaskState, number>>
  /** The ten subjects with the most tasks. */
  bySubject: { subject: string; tasks: number }[]
  /** The number of subjects. */
  subjects: number
  /** The first five tasks, in the order in which they would be moved. */
  firstTasks: Task[]
  /** How many tasks of each state match the filter but can't be moved. */
  leftOut: Partial<Record<TaskState, number>>
}

/** An entry of the log: a call or a bulk call that moved tasks, a hold or a release. */
export interface Operation {
  /** A 64-bit number in digits, for `undo`. */
  id: string
  /** When it was made; of a bulk call, when its first batch was. */
  at: Date
  /** When the last batch of a bulk call ran. */
  lastAt: Date
  /** What it did to the tasks. A purge deleted them, or events. */
  action: TaskAction | 'undo' | 'purge' | 'purge events' | 'hold' | 'release'
  /** The consumer whose tasks it moved, or that it held or released; of `purge events`, the stream. */
  consumerName: string
  /** The reason that the caller gave. */
  reason: string | null
  /** The login role. */
  actor: string
  /** The application_name of its connection; null if that had none. */
  applicationName: string | null
  /** The address that its connection came from; null for a socket on the server's own machine. */
  clientAddr: string | null
  /** The transaction that it was part of; of a bulk call, that of its first batch. */
  transactionId: string
  /** The id of the bulk call, for `undoAll`; null for a call of one batch. */
  bulkId: string | null
  /** The number of batches. */
  batches: number
  /** The operation that this operation undid. */
  undoes: string | null
  /** The number of tasks that it moved. */
  tasks: number
  /** The number of tasks that it moved from each state. */
  fromStates: Partial<Record<TaskState, number>>
  /** Empty of a purge, and if the call passed `withEventIds: false`. */
  eventIds: string[]
}

/** Something that happened to a task. */
export interface HistoryEntry {
  /** Whose task it is. */
  consumerName: string
  /** When; null of `now`, and where the error of an attempt has no valid time. */
  at: Date | null
  /** `now`, the last entry of a task, is where it stands. The finished states are those that no call of this API gave it. */
  what: 'made' | 'attempt failed' | 'picked up again' | TaskAction | 'undo' | 'completed' | 'cancelled' | 'discarded' | 'now'
  /** The subject, the error of the attempt, the states of an operation, or what comes next. */
  detail: string | null
  /** The login role of an operation. */
  actor: string | null
  /** The reason that was given for an operation. */
  reason: string | null
  /** A 64-bit number in digits, for `undo`; null if it is no operation. */
  operationId: string | null
  /** Whether the operation has been undone for this task; null if it is no operation. */
  undone: boolean | null
}

/** An event that KanthorQ passed over. */
export interface MissedEvent {
  /** Its id, also that of the task that it should have. */
  eventId: string
  /** Its subject. */
  subject: string
  /** Its metadata. A number in it that JavaScript would round is text with its digits. */
  metadata: Record<string, unknown>
  /** When its publisher made it. */
  createdAt: Date
}

/** A problem in the database, and how to repair it. */
export interface Finding {
  /** The name of the check. */
  check: string
  /** How bad it is: an error breaks calls or loses tasks. */
  severity: 'error' | 'warning' | 'info'
  /** A sentence about what is wrong, and where. */
  detail: string
  /** SQL, or a comment if a person has to decide first. */
  fix: string
}

/** An event to publish. */
export interface NewEvent {
  /** Letters and digits with single dots, hyphens or underscores between them, at most 256 characters. */
  subject: string
  /** The payload: bytes, or a text that is stored in UTF-8. It may be empty. */
  body: Uint8Array | string
  /** A plain object, of the kind that {@link TaskFilter} has. Tasks carry it too. Default: `{}`. */
  metadata?: object | undefined
}

/** A task that a worker holds, and its event. The SQL type is `kanthorq_pulled_task`. */
export interface PulledTask {
  /** The id of its event. */
  eventId: string
  /** The subject of its event. */
  subject: string
  /** The payload of its event. */
  body: Buffer
  /** The metadata of its event. A number in it that JavaScript would round is text with its digits. */
  metadata: Record<string, unknown>
  /** Goes with each report on the task: 0 for the first attempt. Another pull of the task makes it grow. */
  attempt: number
  /** The consumer's limit. A failure in this attempt, or in a later one, discards the task. */
  attemptMax: number
  /** When another worker may take the task, by the clock of the server, unless it is extended. */
  leaseUntil: Date
  /** When its event was made. */
  createdAt: Date
}

/** A task and the attempt in which a worker holds it, such as a {@link PulledTask}. */
export type HeldTask = Pick<PulledTask, 'eventId' | 'attempt'>

/** A task that a worker holds, and why it failed. */
export type FailedTask = HeldTask & {
  /** An Error, whose message and stack are stored, or a text. */
  error: unknown
}

/**
 * The rights of a role: a viewer reads, an operator also moves tasks, a worker pulls tasks and reports on them, a publisher publishes
 * events.
 */
export type RoleLevel = 'viewer' | 'operator' | 'worker' | 'publisher'

/**
 * A connection. A Pool, a Client and a PoolClient of node-postgres are one as they are; for other libraries it is an object of one
 * line, see docs/adapters.md.
 *
 * @example
 * const logged = new TaskClient({
 *   query: (text, values) => {
 *     console.log(text)
 *     return pool.query(text, values)
 *   },
 * })
 * await logged.count('send_email')
 */
export interface Queryable {
  /**
   * Runs a statement.
   *
   * @param text - the statement, with parameters `$1`, `$2` and so on
   * @param values - their values; all are text
   * @returns the rows, each an object; there is one column of text, which must come as it is
   */
  query(text: string, values: string[]): Promise<{ rows: unknown[] }>
}
