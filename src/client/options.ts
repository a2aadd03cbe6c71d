import type { Operation, TaskFilter } from './types.ts'

/** Options of {@link TaskClient}. */
export interface TaskClientOptions {
  /** The schema that holds the functions. Default: `public`. */
  schema?: string
}

/** Options of {@link TaskClient.cancel}, {@link TaskClient.discard} and {@link TaskClient.undo}. */
export interface ReasonOptions {
  /** The reason to record in the log. */
  reason?: string
}

/** Options of {@link TaskClient.resume}. */
export interface ResumeOptions extends ReasonOptions {
  /** When the tasks become due. Default: now. */
  scheduleAt?: Date
  /**
   * Sets `attempt_count` to 0, so that a task that keeps failing runs `attempt_max` times (a new one runs once more).
   * Default: false, which keeps the count but leaves each task at least one attempt.
   */
  resetAttempts?: boolean
}

/** Options of {@link TaskClient.find}. */
export interface FindOptions {
  /** The last event id of the previous page. Default: none, for the first page. */
  after?: string
  /** The maximum number of tasks. Default: 100. */
  maxTasks?: number
  /** Lists the oldest event first. Default: the newest first. */
  oldestFirst?: boolean
}

/** Options of {@link TaskClient.pages}. */
export interface PagesOptions {
  /** The number of tasks a page. Default: 100. */
  pageSize?: number
  /** Lists the oldest event first. Default: the newest first. */
  oldestFirst?: boolean
}

/** Options of {@link TaskClient.undoAll}. */
export interface UndoAllOptions extends ReasonOptions {
  /**
   * Milliseconds to wait between batches. Default: twice the duration of the last batch, which leaves most of the server
   * to the workers. Pass 0 inside a transaction, because it holds its locks while it waits.
   */
  pause?: number
  /** Called after each batch that moved tasks, with the number of tasks moved so far and the bulk id of the call. */
  onProgress?: (total: number, bulkId: string) => void
  /** Stops the call after the current batch. Finished batches remain. */
  signal?: AbortSignal
}

/** Options of {@link TaskClient.cancelAll} and {@link TaskClient.discardAll}. */
export interface AllOptions extends UndoAllOptions {
  /** Must be true if the filter is empty. */
  everything?: boolean
  /** The number of tasks a batch. Default: 1000. */
  batchSize?: number
  /** The maximum number of tasks. Default: no limit. */
  maxTasks?: number
}

/** Options of {@link TaskClient.resumeAll}. */
export interface ResumeAllOptions extends AllOptions, ResumeOptions {
  /** Milliseconds over which the due times are spread evenly, starting at `scheduleAt`. Default: 0. */
  spread?: number
}

/** Options of {@link TaskClient.operations}. */
export interface OperationsOptions {
  /** Only operations that moved this event's task. */
  eventId?: string
  /** Only operations of this kind. */
  action?: Operation['action']
  /** Only operations with exactly this reason. */
  reason?: string
  /** Only operations of this login role. */
  actor?: string
  /** Only the bulk call with this id. */
  bulkId?: string
  /** Returns each batch of a bulk call. Default: false, one operation a bulk call. */
  batches?: boolean
  /** Returns the event ids. Default: true; otherwise `eventIds` is empty, which is faster for large operations. */
  withEventIds?: boolean
  /** The last id of the previous page. Default: none, for the first page. */
  before?: string
  /** The maximum number of operations. Default: 100. */
  maxOperations?: number
}

/** Converts a filter into named arguments of an SQL function. */
export function filterArguments(filter: TaskFilter): Record<string, unknown> {
  return {
    states: filter.states,
    subject: filter.subject,
    metadata: filter.metadata,
    error: filter.error,
    created_after: filter.createdAfter,
    created_before: filter.createdBefore,
  }
}
