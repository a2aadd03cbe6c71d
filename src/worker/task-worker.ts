import { EventEmitter } from 'node:events'
import { argumentsOf, checkSignal, refusal } from '../client/arguments.ts'
import { InvalidArgumentError } from '../client/errors.ts'
import type { ConsumerRef } from '../client/types.ts'
import { routesOf } from './routes.ts'
import { Run } from './run.ts'
import type { Settings, Witness } from './settings.ts'
import type { Handlers, TaskWorkerEvents, TaskWorkerOptions, WorkerMetrics, WorkerPool } from './types.ts'

/**
 * Works off the tasks of a consumer: pulls them, runs a handler for each, and completes or fails them. It works beside KanthorQ's own
 * program and other workers on the same tables. Its role needs the level `worker`.
 *
 * A task is handled at least once. While the worker has the lease of a task, which it extends, nobody else gets it; a report counts only
 * for the attempt that the worker holds.
 *
 * The worker outlives lost connections and restarts of the server: it repeats each call until it succeeds, and emits `error` for each
 * failure.
 *
 * @example
 * const worker = new TaskWorker(pool, 'send_email', async (task) => {
 *   console.log(task.eventId, task.subject, task.body.toString())
 * })
 * await worker.start()
 * await worker.stop()
 */
export class TaskWorker extends EventEmitter<TaskWorkerEvents> {
  readonly #settings: Settings
  readonly #witness: Witness
  #run: Run | undefined

  /**
   * @param pool - a Pool of node-postgres; the caller ends it after the worker has stopped
   * @param consumer - its name, or an object with it
   * @param handlers - a handler of all tasks, or a handler for each subject pattern; tasks of other subjects are left alone
   * @throws InvalidArgumentError for options that make no sense
   * @example
   * const handlers = { 'order.>': async () => undefined, 'invoice.*': async () => undefined }
   * const worker = new TaskWorker(pool, 'send_email', handlers, { concurrency: 20, timeout: 60_000 })
   */
  constructor(pool: WorkerPool, consumer: ConsumerRef, handlers: Handlers, options: TaskWorkerOptions = {}) {
    super()
    if (typeof (pool as Partial<WorkerPool> | null | undefined)?.connect !== 'function')
      throw new TypeError('pool has no connect(): pass a Pool of node-postgres')
    this.#settings = { pool, consumer: nameOf(consumer), ...routesOf(handlers), ...optionsOf(options) }
    const { concurrency, transactional } = this.#settings
    const most = (pool as { options?: { max?: unknown } }).options?.max
    if (transactional && typeof most === 'number' && most < concurrency + 2)
      throw new InvalidArgumentError(`the pool has ${most} connections for ${concurrency} transactions`, {
        hint: 'Pass a pool of two more, for the reports',
      })
    const counts = { pulled: 0, completed: 0, failed: 0, lost: 0, released: 0, abandoned: 0, calls: 0, errors: 0 }
    this.#witness = {
      counts,
      tell: (name, ...what) => {
        this.#tell(name, what)
      },
    }
  }

  /**
   * Works until it is stopped, by the signal or by `stop`.
   *
   * @throws what `start` throws
   * @example
   * const worker = new TaskWorker(pool, 'send_email', async () => undefined)
   * await worker.run({ signal: AbortSignal.timeout(100) })
   */
  async run({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkSignal('signal', signal)
    if (signal?.aborted) return
    const run = this.#begin(false)
    const stop = () => void this.stop()
    signal?.addEventListener('abort', stop)
    try {
      await run.ended
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /**
   * Starts to work, and resolves after the first pull. It waits for a server that can't be reached.
   *
   * @throws the error of the first pull if it would fail again: there is no such consumer, or the role lacks the level `worker`
   * @example
   * await new TaskWorker(pool, 'unknown', async () => undefined).start().catch((error) => console.log(error.message))
   */
  async start(): Promise<void> {
    await this.#begin(false).started
  }

  /**
   * Stops: pulls no more, gives back the tasks that wait, and lets the handlers end. After `timeout` their signals are aborted; a handler
   * that fails then, or has not ended after `grace`, has its task given back. Resolves when all is reported.
   *
   * @param options - `timeout`: milliseconds until handlers are aborted; 0 aborts at once, Infinity never. Default: `stopTimeout`
   * @example
   * const worker = new TaskWorker(pool, 'send_email', async () => undefined)
   * await worker.start()
   * await worker.stop({ timeout: 1000 })
   */
  async stop({ timeout }: { timeout?: number | undefined } = {}): Promise<void> {
    const run = this.#run
    run?.stop(timeout === Infinity ? timeout : milliseconds('timeout', timeout ?? this.#settings.stopTimeout))
    await run?.ended.catch(() => undefined)
  }

  /**
   * Works until nothing is due, and stops: for tests, and for jobs that run now and then. It waits for a server that can't be reached.
   *
   * @returns the metrics
   * @throws the error of a pull if it would fail again
   * @example
   * const worker = new TaskWorker(pool, 'send_email', async () => undefined)
   * console.log((await worker.drain()).completed)
   */
  async drain(): Promise<WorkerMetrics> {
    await this.#begin(true).ended
    return this.metrics()
  }

  /**
   * Pulls now, without waiting for the next poll: where the application knows that an event was published.
   *
   * @example
   * const worker = new TaskWorker(pool, 'send_email', async () => undefined)
   * worker.wake()
   */
  wake(): void {
    this.#run?.wake()
  }

  /**
   * What the worker has done since it was made, and what it does now.
   *
   * @example
   * console.log(new TaskWorker(pool, 'send_email', async () => undefined).metrics().completed)
   */
  metrics(): WorkerMetrics {
    const { running = 0, waiting = 0, reporting = 0 } = this.#run?.handling ?? {}
    return { running, waiting, reporting, ...this.#witness.counts }
  }

  #begin(isDraining: boolean): Run {
    if (this.#run) throw new Error('the worker is at work already')
    const run = new Run(this.#settings, this.#witness, isDraining)
    this.#run = run
    run.ended
      .catch(() => undefined)
      .finally(() => {
        this.#run = undefined
      })
    return run
  }

  /** A listener that fails, or an error that nobody listens to, is no reason to stop. */
  #tell<Name extends keyof TaskWorkerEvents>(name: Name, what: TaskWorkerEvents[Name]): void {
    try {
      if (name === 'error' && this.listenerCount('error') === 0) process.emitWarning(asError(what[0]))
      else this.emit<keyof TaskWorkerEvents>(name, ...(what as TaskWorkerEvents['pulled']))
    } catch (error) {
      process.emitWarning(asError(error))
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function nameOf(consumer: ConsumerRef): string {
  const name: unknown = typeof consumer === 'string' ? consumer : (consumer as { name?: unknown } | undefined)?.name
  if (typeof name !== 'string') throw refusal('consumer', consumer, 'a name, or an object with a name')
  return name
}

const day = 86_400_000

function milliseconds(name: string, value: unknown, least = 0): number {
  if (typeof value !== 'number' || !(value >= least && value <= day))
    throw refusal(name, value, `milliseconds, from ${least} to ${day} (a day)`)
  return value
}

function count(name: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 10_000)
    throw refusal(name, value, `a whole number from ${least} to 10000`)
  return value
}

function optionsOf(options: TaskWorkerOptions): Omit<Settings, 'pool' | 'consumer' | 'routes' | 'subjects'> {
  const unchecked = () => undefined
  argumentsOf('options', options, {
    schema: unchecked,
    concurrency: unchecked,
    prefetch: unchecked,
    timeout: unchecked,
    transactional: unchecked,
    pollInterval: unchecked,
    stopTimeout: unchecked,
    grace: unchecked,
    callTimeout: unchecked,
  })
  const { schema = 'public', timeout, transactional = false } = options
  if (typeof schema !== 'string') throw refusal('schema', schema, 'a text')
  if (typeof transactional !== 'boolean') throw refusal('transactional', transactional, 'true or false')
  return {
    schema,
    transactional,
    timeout: timeout === undefined ? undefined : milliseconds('timeout', timeout, 1),
    concurrency: count('concurrency', options.concurrency ?? 10, 1),
    prefetch: count('prefetch', options.prefetch ?? 1000, 0),
    pollInterval: milliseconds('pollInterval', options.pollInterval ?? 250, 25),
    stopTimeout: milliseconds('stopTimeout', options.stopTimeout ?? 10_000),
    grace: milliseconds('grace', options.grace ?? 5000),
    callTimeout: milliseconds('callTimeout', options.callTimeout ?? 30_000, 1),
  }
}
