import { Alarm } from './alarm.ts'
import type { Calls, Failure } from './calls.ts'
import { inAscii } from './failure.ts'
import type { Held } from './held.ts'
import { retryDelay } from './retry-delay.ts'

/** What became of a task. */
export type Outcome =
  | { kind: 'complete'; held: Held }
  | { kind: 'release'; held: Held }
  | { kind: 'fail'; held: Held; failure: Failure; thrown: unknown }

/** How a report went. A no-op of a repeated one may be due to the first, whose answer was lost. */
export interface Reported {
  /** Of each task. */
  isUpdated: boolean[]
  isRepeated: boolean
}

/** How many tasks a call reports at most. */
const batchSize = 1000

/** How many milliseconds a report waits for others. */
const gathering = 2

/** Reports what became of tasks: many in one call, in the order of their ids, again and again until the server has answered. */
export class Reports {
  readonly #calls: Calls
  readonly #onReported: (outcomes: readonly Outcome[], how: Reported) => void
  readonly #onError: (error: unknown) => void
  readonly #extended: () => Promise<void>
  readonly #pause = new Alarm()
  #outcomes: Outcome[] = []
  #flushing: Promise<void> | undefined
  #isGivenUp = false

  /** @param extended - waits for a heartbeat that is under way, which would keep a task that is given back */
  constructor(
    calls: Calls,
    onReported: (outcomes: readonly Outcome[], how: Reported) => void,
    onError: (error: unknown) => void,
    extended: () => Promise<void>,
  ) {
    this.#calls = calls
    this.#onReported = onReported
    this.#onError = onError
    this.#extended = extended
  }

  add(outcome: Outcome): void {
    if (outcome.kind === 'release') outcome.held.isGivenBack = true
    this.#outcomes.push(outcome)
    this.#flushing ??= this.#flush()
  }

  /** Waits until all is reported. */
  async settled(): Promise<void> {
    while (this.#flushing) await this.#flushing
  }

  /** Repeats nothing any more. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#pause.ring()
  }

  async #flush(): Promise<void> {
    await this.#pause.wait(gathering)
    while (this.#outcomes.length > 0) {
      const outcomes = this.#outcomes
      this.#outcomes = []
      for (const kind of ['complete', 'fail', 'release'] as const) {
        const batch = outcomes.filter((outcome) => outcome.kind === kind)
        batch.sort((a, b) => (a.held.eventId < b.held.eventId ? -1 : 1))
        for (let from = 0; from < batch.length; from += batchSize) await this.#report(kind, batch.slice(from, from + batchSize))
      }
    }
    this.#flushing = undefined
  }

  async #report(kind: Outcome['kind'], batch: Outcome[]): Promise<void> {
    const tasks = batch.map(({ held }) => held)
    if (kind === 'release') await this.#extended()
    let failures = batch.flatMap((outcome) => (outcome.kind === 'fail' ? [outcome.failure] : []))
    for (let tries = 1; !this.#isGivenUp; tries++) {
      try {
        const { updated } = await (kind === 'fail' ? this.#calls.fail(tasks, failures) : this.#calls[kind](tasks))
        const ids = new Set(updated)
        this.#onReported(batch, { isUpdated: tasks.map(({ eventId }) => ids.has(eventId)), isRepeated: tries > 1 })
        return
      } catch (error) {
        this.#onError(error)
        // The encoding of the database may lack a character.
        if (String((error as { code?: unknown }).code).startsWith('22')) failures = failures.map(inAscii)
        await this.#pause.wait(retryDelay(tries))
      }
    }
  }
}
