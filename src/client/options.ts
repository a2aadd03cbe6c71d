import type { TaskFilter } from './types.ts'

/** Options of {@link TaskClient}. */
export interface TaskClientOptions {
  /** The schema that the functions were installed into. Default: `public`. */
  schema?: string
}

/** Options of {@link TaskClient.cancel}, {@link TaskClient.discard} and {@link TaskClient.undo}. */
export interface ReasonOptions {
  /** Why, for the log. */
  reason?: string
}

/** Options of {@link TaskClient.resume}. */
export interface ResumeOptions extends ReasonOptions {
  /** When the tasks are due. Default: at once. */
  scheduleAt?: Date
  /** Give the tasks all their attempts back; otherwise at least one is left. Default: false. */
  resetAttempts?: boolean
}

/** Options of {@link TaskClient.find}. */
export interface FindOptions {
  /** The last event id of the page before. Default: the first page. */
  after?: string
  /** How many tasks at most. Default: 100. */
  maxTasks?: number
  /** Turn the order round. Default: newest event first. */
  oldestFirst?: boolean
}

/** Options of {@link TaskClient.pages}. */
export interface PagesOptions {
  /** How many tasks a page has. Default: 100. */
  pageSize?: number
  /** Turn the order round. Default: newest event first. */
  oldestFirst?: boolean
}

/** Options of {@link TaskClient.cancelAll} and {@link TaskClient.discardAll}. */
export interface AllOptions extends ReasonOptions {
  /** Has to be true if the filter is empty. */
  everything?: boolean
  /** How many tasks are moved at once. Default: 1000. */
  batchSize?: number
  /** How many tasks at most. Default: no limit. */
  maxTasks?: number
  /**
   * Milliseconds to wait between batches. Default: twice as long as the batch took, so that workers keep most of the
   * server. In a transaction, whose locks workers wait for meanwhile, pass 0.
   */
  pause?: number
  /** Told of each batch that moved something: how many tasks so far. */
  onProgress?: (total: number) => void
  /** Stops after the batch that is being done; what is done stays done. */
  signal?: AbortSignal
}

/** Options of {@link TaskClient.resumeAll}. */
export interface ResumeAllOptions extends AllOptions, ResumeOptions {
  /** Milliseconds over which the tasks are spread evenly, from `scheduleAt` on. Default: 0, all at once. */
  spread?: number
}

/** Options of {@link TaskClient.operations}. */
export interface OperationsOptions {
  /** Only operations that moved the task of this event. */
  eventId?: string
  /** The last id of the page before. Default: the first page. */
  before?: string
  /** How many operations at most. Default: 100. */
  maxOperations?: number
}

/** The filter as named arguments of an SQL function. */
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
