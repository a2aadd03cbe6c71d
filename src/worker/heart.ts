import { Alarm } from './alarm.ts'
import type { Calls } from './calls.ts'
import type { Database } from './database.ts'
import type { Handling } from './handling.ts'

/** How many tasks a call extends at most. */
const batchSize = 5000

/** The longest time between two heartbeats, in milliseconds: handlers learn of a cancel by them. */
const longest = 60_000

/** The shortest visibility timeout that KanthorQ takes, in milliseconds. A slow pull, or one in which a clock jumped, shows less. */
const shortestLease = 1000

/** Extends the leases of all tasks that a worker holds, three times in a lease or more often. */
export class Heart {
  readonly #handling: Handling
  readonly #calls: Calls
  readonly #database: Database
  readonly #onError: (error: unknown) => void
  readonly #alarm = new Alarm()
  /** The shortest lease so far: the visibility timeout of the consumer. */
  #lease = Infinity
  #isOver = false
  /** Settled when the last heartbeat is. */
  #beat = Promise.resolve()

  /** @param database - what the calls go through, which waits for a lease no longer than it has to be answered in */
  constructor(handling: Handling, calls: Calls, database: Database, onError: (error: unknown) => void) {
    this.#handling = handling
    this.#calls = calls
    this.#database = database
    this.#onError = onError
  }

  /** Learns how long leases are. */
  learn(leases: readonly number[]): void {
    const shortest = Math.max(Math.min(...leases), shortestLease)
    if (shortest >= this.#lease) return
    this.#lease = shortest
    this.#database.timeout = Math.min(this.#database.timeout, shortest / 3)
    this.#alarm.ring()
  }

  stop(): void {
    this.#isOver = true
    this.#alarm.ring()
  }

  /** Waits for a heartbeat that is under way. One that comes after a release would take the task back. */
  settled(): Promise<void> {
    return this.#beat
  }

  async beat(): Promise<void> {
    for (;;) {
      const lease = this.#lease
      await this.#alarm.wait(this.#lease === Infinity ? undefined : Math.min(this.#lease / 3, longest))
      if (this.#isOver) return
      if (lease !== this.#lease) continue
      await (this.#beat = this.#extend())
      const now = performance.now()
      for (const held of [...this.#handling.held.values()])
        if (held.leaseEnd < now && held.state !== 'reporting') this.#handling.lose(held, 'lease lost')
    }
  }

  async #extend(): Promise<void> {
    const all = [...this.#handling.held.values()].sort((a, b) => (a.eventId < b.eventId ? -1 : 1))
    for (let from = 0; from < all.length; from += batchSize) {
      const batch = all.slice(from, from + batchSize).filter(({ state, isGivenBack }) => state !== 'gone' && !isGivenBack)
      const end = performance.now() + this.#lease
      try {
        const noop = new Set((await this.#calls.extend(batch)).noop)
        for (const held of batch) {
          if (!noop.has(held.eventId)) held.leaseEnd = Math.max(held.leaseEnd, end)
          // What is reported at this moment has ended the attempt itself.
          else if (held.state !== 'reporting')
            this.#handling.lose(held, held.leaseEnd < performance.now() ? 'lease lost' : 'cancelled')
        }
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
