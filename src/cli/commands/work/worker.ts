import { setTimeout } from 'node:timers/promises'
import type { Database } from '../../database.ts'
import { clean } from '../../terminal/line.ts'
import type { Output } from '../../terminal/output.ts'
import { Calls, type Pulled } from './calls.ts'
import { Handler, type Failure } from './handler.ts'

/** Options of {@link Worker}. */
export interface WorkOptions {
  consumer: string
  /** The command. */
  words: readonly string[]
  concurrency: number
  subjects: readonly string[] | undefined
  /** Milliseconds. */
  timeout: number | undefined
  /** Whether to stop when there is nothing to do. */
  drain: boolean
}

/** A task that is being handled. */
interface Running {
  task: Pulled
  handler: Handler
  /** Why the handler was told to stop. */
  stopped?: 'lost' | 'released' | Failure
}

/** The longest time between two heartbeats, and between two pulls of an idle worker, in milliseconds. */
const longestBeat = 60_000
const longestPause = 2000

/** How often to look for events that came late, in milliseconds. */
const lateEvery = 5000

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Works off the tasks of a consumer with a command. */
export class Worker {
  /** The number of tasks by what became of them. */
  readonly results = { completed: 0, failed: 0, lost: 0, released: 0 }
  readonly #output: Output
  readonly #options: WorkOptions
  readonly #calls: Calls
  readonly #running = new Map<string, Running>()
  /** Pull no more. */
  readonly #stop = new AbortController()
  /** Wait for nothing. */
  readonly #hurry = new AbortController()
  #signal: NodeJS.Signals | undefined
  #error: Error | undefined
  #beat = longestBeat
  #timer: NodeJS.Timeout | undefined
  #wake = new AbortController()

  constructor(db: Database, output: Output, options: WorkOptions) {
    this.#output = output
    this.#options = options
    this.#calls = new Calls(db, options.consumer, this.#hurry.signal)
  }

  /** Works until it is drained or a signal comes, which is returned. */
  async run(): Promise<NodeJS.Signals | undefined> {
    const interrupt = (signal: NodeJS.Signals) => {
      this.#interrupt(signal)
    }
    for (const signal of signals) process.on(signal, interrupt)
    try {
      await this.#loop()
    } finally {
      clearTimeout(this.#timer)
      for (const signal of signals) process.off(signal, interrupt)
    }
    if (this.#error) throw this.#error
    return this.#signal
  }

  async #loop(): Promise<void> {
    const { concurrency, drain } = this.#options
    let pause = 0
    let looked = -Infinity
    for (;;) {
      const free = concurrency - this.#running.size
      let isEmpty = false
      if (free > 0 && !this.#stop.signal.aborted) {
        const looksBack = drain || performance.now() - looked > lateEvery
        if (looksBack) looked = performance.now()
        const pulled = await this.#pull(free, looksBack ? undefined : '0')
        isEmpty = pulled === 0
        pause = isEmpty ? Math.min(pause * 2 || 100, longestPause) : 0
      }
      const isOver = this.#stop.signal.aborted || (drain && isEmpty)
      if (isOver && this.#running.size === 0) return
      const isFull = this.#running.size === concurrency
      // Only the end of a handler, or a signal, ends the wait of a worker that can take no more.
      if (isOver || isFull || isEmpty) await this.#wait(isOver || isFull ? undefined : pause * (0.5 + Math.random() / 2))
    }
  }

  async #pull(free: number, lookback: string | undefined): Promise<number> {
    try {
      const pulled = (await this.#calls.pull(free, this.#options.subjects, lookback, this.#stop.signal)) ?? []
      if (this.#stop.signal.aborted && pulled.length > 0) {
        await this.#calls.release(pulled)
        this.results.released += pulled.length
        return 0
      }
      for (const task of pulled) this.#begin(task)
      return pulled.length
    } catch (error) {
      this.#fail(error)
      return 0
    }
  }

  #begin(task: Pulled): void {
    const { words, timeout } = this.#options
    const running: Running = { task, handler: new Handler(words, task, this.#output.isData ? 2 : 1) }
    this.#running.set(task.eventId, running)
    const beat = Math.min(this.#beat, Math.max(task.lease / 3, 100))
    if (beat < this.#beat || this.#timer === undefined) this.#beatEvery(beat)
    const timer =
      timeout === undefined
        ? undefined
        : globalThis.setTimeout(() => {
            this.#end(running, { error: `timeout after ${timeout} ms`, stack: words.join(' ') })
          }, timeout)
    void this.#finish(running)
      .catch((error: unknown) => {
        this.#fail(error)
      })
      .finally(() => {
        clearTimeout(timer)
        this.#running.delete(task.eventId)
        this.#wake.abort()
      })
  }

  /** Waits for the handler, and reports. */
  async #finish(running: Running): Promise<void> {
    const { task, handler } = running
    let failure: Failure | undefined
    try {
      failure = await handler.ended
    } catch (error) {
      // The command can't be started: no task is to suffer.
      running.stopped = 'released'
      this.#fail(error)
    }
    const result = await this.#report(running, failure)
    this.results[result] += 1
    const { eventId, subject, attempt } = task
    const { error = null } = result === 'failed' ? (failureOf(running, failure) ?? {}) : {}
    if (this.#output.isData) await this.#output.records([{ eventId, subject, attempt, result, error }])
    else if (result !== 'completed')
      this.#output.note(`${clean(eventId)} ${result}${error === null ? '' : `: ${clean(error)}`}`)
  }

  async #report(running: Running, failure: Failure | undefined): Promise<keyof Worker['results']> {
    const { task, stopped } = running
    if (stopped === 'lost') return 'lost'
    if (stopped === 'released') {
      const given = await this.#calls.release([task])
      return given?.updated.length === 1 ? 'released' : 'lost'
    }
    const reason = failureOf(running, failure)
    const done = reason === undefined ? await this.#calls.complete(task) : await this.#calls.fail(task, reason)
    if (done?.updated.length !== 1) return 'lost'
    return reason === undefined ? 'completed' : 'failed'
  }

  #end(running: Running, why: NonNullable<Running['stopped']>): void {
    if (running.stopped !== undefined) return
    running.stopped = why
    running.handler.stop()
  }

  #beatEvery(milliseconds: number): void {
    this.#beat = milliseconds
    clearTimeout(this.#timer)
    this.#timer = globalThis.setTimeout(() => {
      void this.#extend()
        .catch((error: unknown) => {
          this.#fail(error)
        })
        .finally(() => {
          if (this.#running.size > 0) this.#beatEvery(this.#beat)
          else this.#timer = undefined
        })
    }, milliseconds)
  }

  /** The heartbeat. Of a handler that has lost its task it makes an end. */
  async #extend(): Promise<void> {
    const held = [...this.#running.values()].filter(({ stopped }) => stopped === undefined)
    if (held.length === 0) return
    const lost = await this.#calls.extend(
      held.map(({ task }) => task),
      3 * this.#beat,
    )
    for (const id of lost) {
      const running = this.#running.get(id)
      if (running !== undefined && held.includes(running)) this.#end(running, 'lost')
    }
  }

  /** Waits for the end of a handler, for a signal, or for a time. */
  async #wait(milliseconds: number | undefined): Promise<void> {
    const { signal } = this.#wake
    await setTimeout(milliseconds ?? 2 ** 31 - 1, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) this.#wake = new AbortController()
  }

  #interrupt(signal: NodeJS.Signals): void {
    if (this.#signal === undefined) {
      this.#signal = signal
      if (this.#running.size > 0) this.#output.note(`stopping after ${this.#running.size} running; once more gives them back`)
    } else {
      this.#hurry.abort()
      for (const running of this.#running.values()) this.#end(running, 'released')
    }
    this.#stop.abort()
    this.#wake.abort()
  }

  /** Stops because of an error that will not pass. */
  #fail(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new Error(String(error))
    this.#stop.abort()
    this.#wake.abort()
  }
}

function failureOf({ stopped }: Running, failure: Failure | undefined): Failure | undefined {
  return typeof stopped === 'object' ? stopped : failure
}
