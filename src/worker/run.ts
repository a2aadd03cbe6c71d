import { setTimeout as sleep } from 'node:timers/promises'
import { KanthorqError } from '../client/errors.ts'
import { Alarm } from './alarm.ts'
import { Calls } from './calls.ts'
import { Database, whileUsed } from './database.ts'
import { Handling } from './handling.ts'
import { Heart } from './heart.ts'
import { Reports } from './reports.ts'
import { jittered, retryDelay } from './retry-delay.ts'
import type { Settings, Witness } from './settings.ts'
import { tracingOf } from './tracing.ts'

/** The shortest pause after a pull that gave less than was asked for, in milliseconds. */
const shortestPause = 25

/** How many milliseconds a pull looks at new events. After as many, one that gave less than was asked for has not seen all. */
const looking = 1000

/** How often a pull looks for events that came late, and how far back, in milliseconds. */
const lookbackEvery = 5000
const lookback = 60_000

/** How many milliseconds of work to keep ready. */
const ready = 250

/** How many tasks may have to be reported before no more are pulled. */
const mostReporting = 5000

/** A worker at work, from its start until it has stopped. */
export class Run {
  readonly handling: Handling
  /** Resolves after the first pull; rejects if none can succeed. */
  readonly started: Promise<void>
  /** Resolves when all is reported or given back; rejects as `started` does, and if a pull of a drain would fail again. */
  readonly ended: Promise<void>
  readonly #settings: Settings
  readonly #witness: Witness
  readonly #isDraining: boolean
  readonly #pulls: Calls
  readonly #reports: Reports
  readonly #heart: Heart
  /** Ends the pause between two pulls. */
  readonly #nextPull = new Alarm()
  /** Rings when handlers or reports have made room. */
  readonly #room = new Alarm()
  /** Rings while the worker stops, at each change. */
  readonly #change = new Alarm()
  /** Aborted when the worker is to stop. */
  readonly #stop = new AbortController()
  /** When handlers are aborted, by `performance.now()`. */
  #abortAt = Infinity
  /** Tasks handled in a millisecond. */
  #rate = 0
  #measuredAt = performance.now()
  #handledBefore = 0

  constructor(settings: Settings, witness: Witness, isDraining: boolean) {
    this.#settings = settings
    this.#witness = witness
    this.#isDraining = isDraining
    const onCall = () => (witness.counts.calls += 1)
    const onError = (error: unknown) => {
      witness.counts.errors += 1
      witness.tell('error', error)
    }
    const { pool, schema, consumer, callTimeout } = settings
    const database = new Database(pool, callTimeout, onCall)
    this.#reports = new Reports(
      new Calls(database, schema, consumer),
      (outcomes, how) => {
        this.handling.reported(outcomes, how)
      },
      onError,
      () => this.#heart.settled(),
    )
    this.handling = new Handling(settings, witness, database, this.#reports, () => {
      this.#room.ring()
      this.#change.ring()
    })
    this.#pulls = new Calls(new Database(pool, callTimeout, onCall, this.#stop.signal), schema, consumer)
    const hurried = new Database(pool, callTimeout, onCall)
    this.#heart = new Heart(this.handling, new Calls(hurried, schema, consumer), hurried, onError)
    let start: () => void = () => undefined
    const hasStarted = new Promise<void>((resolve) => (start = resolve))
    this.ended = whileUsed(pool, () => this.#work(start, onError))
    this.started = Promise.race([hasStarted, this.ended])
    this.started.catch(() => undefined)
  }

  /** Pulls at once. */
  wake(): void {
    this.#nextPull.ring()
  }

  /** Begins to stop, or aborts handlers sooner than an earlier call wanted. @param milliseconds - until they are aborted */
  stop(milliseconds: number): void {
    this.#stop.abort()
    this.#abortAt = Math.min(this.#abortAt, performance.now() + milliseconds)
    this.#nextPull.ring()
    this.#room.ring()
    this.#change.ring()
  }

  async #work(start: () => void, onError: (error: unknown) => void): Promise<void> {
    const beating = this.#heart.beat()
    let failure: unknown
    const polling = this.#poll(start, onError).catch((error: unknown) => {
      failure = error
      this.stop(0)
    })
    await this.#shutDown(polling)
    this.#heart.stop()
    await beating
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- it is what was thrown
    if (failure !== undefined) throw failure
  }

  async #poll(start: () => void, onError: (error: unknown) => void): Promise<void> {
    const { consumer, pollInterval, subjects } = this.#settings
    const { handling } = this
    handling.tracing = await tracingOf(consumer)
    let pause = shortestPause
    let failures = 0
    let hasStarted = false
    let lookedBackAt = -Infinity
    while (!this.#stop.signal.aborted) {
      const room = this.#roomFor()
      if (room === 0) {
        await this.#room.wait()
        continue
      }
      const sent = performance.now()
      const looksBack = this.#isDraining || sent - lookedBackAt >= lookbackEvery
      let pulled
      try {
        pulled = await this.#pulls.pull(room, looksBack ? lookback : 0, subjects)
      } catch (error) {
        if (error === this.#stop.signal.reason) return
        if ((this.#isDraining || !hasStarted) && isLasting(error)) throw error
        onError(error)
        pause = shortestPause
        await this.#nextPull.wait(retryDelay((failures += 1)))
        continue
      }
      failures = 0
      hasStarted = true
      start()
      if (looksBack) lookedBackAt = sent
      if (pulled.length > 0) this.#heart.learn(pulled.map(({ lease }) => lease))
      this.#measure()
      const hasSeenAll = pulled.length < room && performance.now() - sent < looking
      handling.accept(pulled, sent)
      if (!hasSeenAll) {
        if (pulled.length > 0) pause = shortestPause
        continue
      }
      if (this.#isDraining) {
        if (pulled.length === 0 && handling.held.size === 0) this.stop(Infinity)
        else await this.#room.wait()
        continue
      }
      if (pulled.length > 0) pause = shortestPause
      else if (handling.held.size === 0 && pause === shortestPause) this.#witness.tell('idle')
      await this.#nextPull.wait(jittered(pause))
      if (pulled.length === 0) pause = Math.min(pause * 2, pollInterval)
    }
  }

  /** How many tasks to pull; 0 as long as it is not worth a call. */
  #roomFor(): number {
    const { concurrency, prefetch, routes } = this.#settings
    const { handling } = this
    if (handling.reporting > mostReporting) return 0
    const held = handling.held.size - handling.reporting
    const busy = concurrency * Math.max(...routes.map(({ size }) => size))
    const most = busy + Math.min(prefetch, Math.floor(this.#rate * ready))
    return held < busy || held <= most / 2 ? Math.max(most - held, 0) : 0
  }

  #measure(): void {
    const now = performance.now()
    const rate = (this.handling.handled - this.#handledBefore) / Math.max(now - this.#measuredAt, 1)
    this.#rate = (this.#rate + rate) / 2
    this.#measuredAt = now
    this.#handledBefore = this.handling.handled
  }

  /** Waits until the worker is to stop, and then for the handlers and reports, each for as long as it may take. */
  async #shutDown(polling: Promise<void>): Promise<void> {
    const { grace, callTimeout } = this.#settings
    const { handling } = this
    while (!this.#stop.signal.aborted) await this.#change.wait()
    handling.close()
    let end = Infinity
    while (handling.running > 0 && performance.now() < end) {
      if (end === Infinity && performance.now() >= this.#abortAt) {
        handling.abortAll()
        end = performance.now() + grace
      }
      const next = Math.min(end, this.#abortAt > performance.now() ? this.#abortAt : end)
      await this.#change.wait(Math.max(Math.min(next - performance.now(), 2 ** 31 - 1), 0) + 1)
    }
    // A call may still be under way, and give tasks.
    await within(callTimeout, polling)
    handling.giveBackAll()
    await within(callTimeout, this.#reports.settled())
    this.#reports.giveUp()
  }
}

/** Waits for something, but not for long. */
async function within(milliseconds: number, what: Promise<unknown>): Promise<void> {
  const end = new AbortController()
  const options = { signal: end.signal }
  await Promise.race([what, sleep(milliseconds, undefined, options).catch(() => undefined)])
  end.abort()
}

/** Whether a call would fail in the same way again: a wrong name, a missing right or function. */
export function isLasting(error: unknown): boolean {
  if (error instanceof KanthorqError) return true
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^(28|3D|3F|42)...$/.test(code)
}
