/** What a worker needs of a pool: node-postgres' `Pool` is one. */
export interface WorkerPool extends HandlerClient {
  /** Gives a connection of its own. */
  connect(): Promise<WorkerConnection>
  /** Listens for the loss of a connection that nobody uses. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Listens for new connections. */
  on(event: 'connect', listener: (connection: WorkerConnection) => void): unknown
  /** Ends that. */
  off(event: 'error', listener: (error: Error) => void): unknown
  /** Ends that. */
  off(event: 'connect', listener: (connection: WorkerConnection) => void): unknown
}

/** A connection of a {@link WorkerPool}: node-postgres' `PoolClient` is one. */
export interface WorkerConnection extends HandlerClient {
  /** Gives it back; `true` closes it. */
  release(destroy?: boolean): void
  /** Listens for the loss of the connection. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Ends that. */
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** What a handler queries with. `TaskClient` takes it, too. */
export interface HandlerClient {
  /** Runs a statement. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as in node-postgres
  query<Row extends Record<string, unknown> = Record<string, unknown>>(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>
}

/** A task that the worker holds, and its event. The SQL type is `kanthorq_pulled_task`. */
export interface WorkerTask {
  /** The id of its event. */
  eventId: string
  /** The subject of its event. */
  subject: string
  /** The payload of its event. */
  body: Buffer
  /** The metadata of its event. A number in it that JavaScript would round is text with its digits. */
  metadata: Record<string, unknown>
  /** The metadata as JSON, with all digits of its numbers. */
  metadataText: string
  /** 0 for the first attempt. Another pull of the task makes it grow. */
  attempt: number
  /** The last attempt: a task that fails in it is discarded. */
  attemptMax: number
  /** When the event was made. */
  createdAt: Date
}

/** What a handler gets beside its task. */
export interface HandlerContext {
  /** Aborted when the handler should end; its `reason` is a `TaskAborted`. */
  signal: AbortSignal
  /** With `transactional` the connection of the transaction, otherwise the pool. */
  client: HandlerClient
  /** The W3C `traceparent` in the metadata of the event, if there is a valid one. */
  traceparent: string | undefined
}

/** Does the work of one task. The task is completed when the promise is fulfilled, and fails with the error when it is rejected. */
export type TaskHandler = (task: WorkerTask, context: HandlerContext) => Promise<unknown>

/** A task of a batch. */
export interface BatchTask extends WorkerTask {
  /** Aborted when the handler should leave this task out. */
  signal: AbortSignal
}

/** What happened to the tasks of a batch, in their order: an error fails its task. Nothing completes them all. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a handler that returns nothing is one
export type BatchResult = readonly (Error | null | undefined)[] | void

/** Does the work of several tasks at once. */
export interface BatchHandler {
  /** Handles them; if it is rejected, all of them fail. */
  handle: (tasks: BatchTask[], context: Pick<HandlerContext, 'client'>) => Promise<BatchResult>
  /** The most tasks of a batch. */
  size: number
  /** How many milliseconds to wait for a batch to fill. Default: 0. */
  wait?: number | undefined
}

/** One handler for all subjects, or one for each subject pattern, of which the first that matches counts. */
export type Handlers = TaskHandler | BatchHandler | Readonly<Record<string, TaskHandler | BatchHandler>>

/** Options of a `TaskWorker`. Times are milliseconds. */
export interface TaskWorkerOptions {
  /** The schema that holds the functions. Default: `public`. */
  schema?: string | undefined
  /** How many handlers run at the same time. Default: 10. */
  concurrency?: number | undefined
  /**
   * The most tasks that wait in the worker. It pulls no more than it handles in a quarter of a second, so that slow tasks are left to
   * other workers. Default: 1000.
   */
  prefetch?: number | undefined
  /** How long a handler may take before its signal is aborted and the task fails. Default: no limit, because the lease is extended. */
  timeout?: number | undefined
  /** Runs each handler in a transaction, in which the task is completed too. Default: false. */
  transactional?: boolean | undefined
  /** The longest pause between two pulls that give nothing. Default: 250. */
  pollInterval?: number | undefined
  /** How long `stop` lets handlers go on before it aborts them. Default: 10,000. */
  stopTimeout?: number | undefined
  /** How long an aborted handler may take to end before the worker goes on without it. Default: 5000. */
  grace?: number | undefined
  /** How long the server may take for a call before the worker gives up the connection and tries another. Default: 30,000. */
  callTimeout?: number | undefined
}

/** What a worker tells its listeners. */
export interface TaskWorkerEvents {
  /** Tasks were pulled. */
  pulled: [tasks: WorkerTask[]]
  /** Tasks are completed. */
  completed: [tasks: WorkerTask[]]
  /** A task has failed, and is retryable or discarded now. */
  failed: [task: WorkerTask, error: unknown]
  /** Tasks are given back: the worker stops, or their subjects have no handler. */
  released: [tasks: WorkerTask[]]
  /** The worker no longer holds a task; what its handler does will not count. */
  lost: [task: WorkerTask, why: LossReason]
  /** There is nothing to do. */
  idle: []
  /** A call failed. The worker repeats it until it succeeds. Without a listener the error is a warning of the process. */
  error: [error: unknown]
}

/** Why a task was lost: a call ended its attempt, or its lease did, or the answer to a report was lost and the report may have counted. */
export type LossReason = 'cancelled' | 'lease lost' | 'unconfirmed'

/** What a worker has done since it was made, and what it does now. */
export interface WorkerMetrics {
  /** The number of handlers at work. */
  running: number
  /** The number of tasks that wait in the worker. */
  waiting: number
  /** The number of tasks whose outcome is to be reported. */
  reporting: number
  /** The number of tasks that it pulled. */
  pulled: number
  /** The number of tasks that it completed. */
  completed: number
  /** The number of attempts that failed. */
  failed: number
  /** The number of tasks that it lost. */
  lost: number
  /** The number of tasks that it gave back. */
  released: number
  /** The number of aborted handlers that did not end in time. */
  abandoned: number
  /** The number of calls of stored functions. */
  calls: number
  /** The number of calls that failed. */
  errors: number
}
