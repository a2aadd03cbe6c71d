import type { FinishedState, Operation, OperationId } from './types.ts'

/** Options of {@link TaskClient}. */
export interface TaskClientOptions {
  /** The schema that holds the functions. Default: `public`. */
  schema?: string | undefined
}

/** Options of {@link TaskClient.discard}, {@link TaskClient.undo} and {@link TaskClient.endHold}. */
export interface ReasonOptions {
  /** The reason to record in the log. */
  reason?: string | undefined
}

/** Options of {@link TaskClient.cancel}. */
export interface CancelOptions extends ReasonOptions {
  /** Cancels running tasks too. A handler may be working on one: what it reports then does nothing. Default: false. */
  running?: boolean | undefined
}

/** Options of {@link TaskClient.explain}. */
export interface ExplainOptions {
  /** Says whether cancel with `running: true` would take a task. Default: false. */
  running?: boolean | undefined
}

/** Options of {@link TaskClient.pull}. */
export interface PullOptions {
  /** How many tasks at most. Default: 100. */
  maxTasks?: number | undefined
  /** Only tasks whose subject one of these filters matches; the others are left to other workers. Default: all. */
  subjects?: readonly string[] | undefined
  /** How many milliseconds behind the cursor to look for events that came late; a year at most. Default: a minute. */
  lookback?: number | undefined
}

/** Options of {@link TaskClient.fail}. */
export interface FailOptions {
  /** When the tasks are due again. Default: when the pull said, by KanthorQ's back-off. */
  retryAt?: Date | undefined
}

/** Options of {@link TaskClient.extend}. */
export interface ExtendOptions {
  /** How many milliseconds the leases are from now on, at least; a year at most. Default: the visibility timeout of the consumer. */
  extendBy?: number | undefined
}

/** Options of {@link TaskClient.hold}. */
export interface HoldOptions extends ReasonOptions {
  /** Leaves the tasks to the workers: only new events get none. Default: false. */
  intakeOnly?: boolean | undefined
}

/** Options of {@link TaskClient.resume}. */
export interface ResumeOptions extends ReasonOptions {
  /** When the tasks become due. Default: now. */
  scheduleAt?: Date | undefined
  /**
   * Sets `attempt_count` to 0, so that a task that keeps failing runs `attempt_max` times (a new one runs once more).
   * Default: false, which keeps the count but leaves each task at least one attempt.
   */
  resetAttempts?: boolean | undefined
}

/** Options of {@link TaskClient.consumers}. */
export interface ConsumersOptions {
  /** The number of unread events of each consumer to count at most. Default: 100,000. */
  maxEvents?: number | undefined
}

/** Options of {@link TaskClient.stats}. */
export interface StatsOptions {
  /**
   * Estimates `tasks` and `stuck`, from at most 8 MB of the table and, if it has a scheduling index, 10,000 tasks of each state; `oldest`
   * and `nextDue` are null. Default: false, which reads every task.
   */
  estimate?: boolean | undefined
}

/** Options of {@link TaskClient.rates}. */
export interface RatesOptions {
  /** From when on. Default: an hour ago. */
  since?: Date | undefined
  /** The milliseconds of a bucket, 1000 at least. Default: 300,000. */
  bucket?: number | undefined
}

/** Options of {@link TaskClient.find}. */
export interface FindOptions {
  /** The last event id of the previous page. Default: none, for the first page. */
  after?: string | undefined
  /** The maximum number of tasks. Default: 100. */
  maxTasks?: number | undefined
  /** Lists the oldest event first. Default: the newest first. */
  oldestFirst?: boolean | undefined
}

/** Options of {@link TaskClient.pages}. */
export interface PagesOptions extends Pick<FindOptions, 'oldestFirst'> {
  /** The number of tasks a page. Default: 100. */
  pageSize?: number | undefined
}

/** Options of {@link TaskClient.missed}. */
export interface MissedOptions {
  /** Only events whose ids were made from then on. Default: a day ago. */
  since?: Date | undefined
}

/** Options of {@link TaskClient.undoAll}. */
export interface UndoAllOptions extends ReasonOptions {
  /**
   * Milliseconds to wait between batches, a day at most. Default: twice the duration of the last batch, which leaves most of the server
   * to the workers. Pass 0 inside a transaction, because it holds its locks while it waits.
   */
  pause?: number | undefined
  /** Called after each batch that moved tasks, with the number of tasks moved so far and the bulk id of the call. */
  onProgress?: ((total: number, bulkId: string) => void) | undefined
  /** Stops the call after the current batch: the call throws an AbortError that is a {@link BulkError}; finished batches remain. */
  signal?: AbortSignal | undefined
}

/** Options of {@link TaskClient.preview}. */
export interface PreviewOptions {
  /** The maximum number of tasks of the call. Default: no limit. */
  maxTasks?: number | undefined
  /** Of cancel: takes running tasks too. Default: false. */
  running?: boolean | undefined
}

/** Options of {@link TaskClient.discardAll}. */
export interface AllOptions extends UndoAllOptions {
  /** Must be true if the filter is empty. */
  everything?: boolean | undefined
  /** The number of tasks a batch. Default: 1000. */
  batchSize?: number | undefined
  /** The maximum number of tasks of all batches. Default: no limit. */
  maxTasks?: number | undefined
}

/** Options of {@link TaskClient.cancelAll}. */
export interface CancelAllOptions extends AllOptions, CancelOptions {}

/** Options of {@link TaskClient.resumeAll}. */
export interface ResumeAllOptions extends AllOptions, ResumeOptions {
  /** Milliseconds over which the due times are spread evenly, starting at `scheduleAt`; a hundred years at most. Default: 0. */
  spread?: number | undefined
}

/** Options of {@link TaskClient.errors}. */
export interface ErrorsOptions {
  /** Only tasks whose last attempt failed at this time or later, whether or not they are retried. */
  since?: Date | undefined
  /** Only tasks whose last attempt failed before this time. */
  until?: Date | undefined
  /** Only the newest tasks that failed, so many of each consumer. Default: all. */
  maxTasks?: number | undefined
}

/** Options of both purges. */
export interface PurgeOptions extends UndoAllOptions {
  /** A table that gets the rows in the same statement: its name, or `schema.table`. Default: none. */
  archive?: string | undefined
  /** Counts what would be deleted, and deletes nothing. Default: false. */
  preview?: boolean | undefined
  /** The number of rows a batch. Default: 1000. */
  batchSize?: number | undefined
}

/** Options of {@link TaskClient.purgeTasks}. */
export interface PurgeTasksOptions extends PurgeOptions {
  /** Only tasks in one of these states. Default: completed tasks; the others may still be resumed. */
  states?: readonly FinishedState[] | undefined
  /** The maximum number of tasks of all batches. Default: no limit. */
  maxTasks?: number | undefined
}

/** Options of {@link TaskClient.purgeEvents}. */
export interface PurgeEventsOptions extends PurgeOptions {
  /** Also deletes events that a consumer wants, has read and has no task of. Default: false. */
  withMissed?: boolean | undefined
  /** The maximum number of events of all batches. Default: no limit. */
  maxEvents?: number | undefined
}

/** Options of {@link TaskClient.operations}. */
export interface OperationsOptions {
  /** Only operations that moved this event's task. */
  eventId?: string | undefined
  /** Only operations of this kind. */
  action?: Operation['action'] | undefined
  /** Only operations with exactly this reason. */
  reason?: string | undefined
  /** Only operations of this login role. */
  actor?: string | undefined
  /** Only the bulk call with this id. */
  bulkId?: OperationId | undefined
  /** Returns each batch of a bulk call. Default: false, one operation a bulk call. */
  batches?: boolean | undefined
  /** Returns the event ids. Default: true; otherwise `eventIds` is empty, which is faster for large operations. */
  withEventIds?: boolean | undefined
  /** The last id of the previous page. Default: none, for the first page. */
  before?: OperationId | undefined
  /** The maximum number of operations. Default: 100. */
  maxOperations?: number | undefined
}
