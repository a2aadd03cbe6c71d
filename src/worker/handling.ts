import { Calls, type Pulled } from './calls.ts'
import type { Database } from './database.ts'
import { Held } from './held.ts'
import { Job } from './job.ts'
import type { Outcome, Reported, Reports } from './reports.ts'
import type { Route } from './routes.ts'
import type { Settings, Witness } from './settings.ts'
import { TaskAborted } from './task-aborted.ts'
import { traceparentOf } from './traceparent.ts'
import type { Errors, Tracing } from './tracing.ts'
import type { HandlerClient, LossReason, WorkerConnection } from './types.ts'

/** The tasks that a worker holds, and the handlers at work on them. */
export class Handling {
  /** By event id. */
  readonly held = new Map<string, Held>()
  /** How many tasks have been handled. */
  handled = 0
  reporting = 0
  /** What handlers run in. */
  tracing: Tracing = (_, handle) => handle()
  readonly #settings: Settings
  readonly #witness: Witness
  readonly #database: Database
  readonly #reports: Reports
  readonly #onChange: () => void
  /** The tasks that wait, for each route. */
  readonly #queues: Held[][]
  readonly #jobs = new Set<Job>()
  #isClosed = false
  /** When a batch that is not full has waited for long enough. */
  #batchTimer: NodeJS.Timeout | undefined

  /** @param onChange - called when there may be room for more tasks, or nothing left to do */
  constructor(settings: Settings, witness: Witness, database: Database, reports: Reports, onChange: () => void) {
    this.#settings = settings
    this.#witness = witness
    this.#database = database
    this.#reports = reports
    this.#onChange = onChange
    this.#queues = settings.routes.map(() => [])
  }

  get running(): number {
    return this.#jobs.size
  }

  get waiting(): number {
    return this.#queues.reduce((sum, { length }) => sum + length, 0)
  }

  /** Takes tasks that were pulled. @param sent - when they were asked for, by `performance.now()` */
  accept(pulled: readonly Pulled[], sent: number): void {
    const taken = pulled.map(({ lease, ...task }) => new Held(task, sent + lease))
    for (const held of taken) {
      const earlier = this.held.get(held.eventId)
      if (earlier) this.lose(earlier, 'lease lost')
      this.held.set(held.eventId, held)
      const route = this.#settings.routes.findIndex(({ matches }) => matches(held.task.subject))
      this.#queues[route]?.push(held)
      if (route < 0 || this.#isClosed) this.#giveBack(held)
    }
    this.#witness.counts.pulled += taken.length
    const tasks = taken.map(({ task }) => task)
    if (tasks.length > 0) this.#witness.tell('pulled', tasks)
    this.#begin()
  }

  /** Begins nothing more, and gives back what waits. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#batchTimer)
    for (const held of this.#queues.flat()) this.#giveBack(held)
  }

  abortAll(): void {
    for (const job of this.#jobs) for (const held of job.held) job.abort(held, 'stopping')
  }

  giveBackAll(): void {
    for (const held of this.held.values()) this.#giveBack(held)
  }

  /** What its handler does no longer counts. */
  lose(held: Held, why: LossReason): void {
    if (held.state === 'gone') return
    const { job } = held
    this.#forget(held)
    if (why !== 'unconfirmed') job?.abort(held, why)
    this.#witness.counts.lost += 1
    this.#witness.tell('lost', held.task, why)
  }

  reported(outcomes: readonly Outcome[], how: Reported): void {
    const { counts, tell } = this.#witness
    const completed = []
    const released = []
    for (const [index, outcome] of outcomes.entries()) {
      const { held } = outcome
      // Lost in the meantime, or given back by a report of its own.
      if (held.state === 'gone') continue
      if (!how.isUpdated[index]) {
        this.lose(held, how.isRepeated ? 'unconfirmed' : 'cancelled')
        continue
      }
      this.#forget(held)
      if (outcome.kind === 'complete') completed.push(held.task)
      else if (outcome.kind === 'release') released.push(held.task)
      else {
        counts.failed += 1
        tell('failed', held.task, outcome.thrown)
      }
    }
    counts.completed += completed.length
    if (completed.length > 0) tell('completed', completed)
    counts.released += released.length
    if (released.length > 0) tell('released', released)
    this.#onChange()
  }

  #forget(held: Held): void {
    this.#setState(held, 'gone')
    if (this.held.get(held.eventId) === held) this.held.delete(held.eventId)
  }

  #setState(held: Held, state: Held['state']): void {
    if (held.state === 'waiting') {
      for (const queue of this.#queues) {
        const index = queue.indexOf(held)
        if (index >= 0) queue.splice(index, 1)
      }
    } else if (held.state === 'reporting') this.reporting -= 1
    if (state === 'reporting') this.reporting += 1
    held.state = state
  }

  #giveBack(held: Held): void {
    if (held.state === 'waiting' || held.state === 'running') this.#report({ kind: 'release', held })
  }

  #report(outcome: Outcome): void {
    this.#setState(outcome.held, 'reporting')
    this.#reports.add(outcome)
  }

  /** Starts handlers as long as there are places, one of each route in turn. */
  #begin(): void {
    clearTimeout(this.#batchTimer)
    let soonest = Infinity
    for (let hasBegun = true; hasBegun && this.#jobs.size < this.#settings.concurrency;) {
      hasBegun = false
      for (const [index, queue] of this.#queues.entries()) {
        const route = this.#settings.routes[index]
        const [first] = queue
        if (route === undefined || first === undefined || this.#jobs.size >= this.#settings.concurrency) continue
        const wait = queue.length >= route.size ? 0 : first.since + route.wait - performance.now()
        if (wait > 0) soonest = Math.min(soonest, wait)
        else {
          this.#start(route, queue.splice(0, route.size))
          hasBegun = true
        }
      }
    }
    if (soonest < Infinity) {
      this.#batchTimer = setTimeout(() => {
        this.#begin()
      }, soonest)
    }
  }

  #start(route: Route, batch: readonly Held[]): void {
    const { grace, timeout, transactional } = this.#settings
    const job = new Job(batch, grace, (isAbandoned) => {
      this.#jobs.delete(job)
      this.handled += batch.length
      if (isAbandoned) this.#witness.counts.abandoned += 1
      if (!this.#isClosed) this.#begin()
      this.#onChange()
    })
    this.#jobs.add(job)
    if (timeout !== undefined) {
      job.limit(timeout, () => {
        for (const held of batch) {
          job.abort(held, 'timeout')
          this.#finish(held, new TaskAborted('timeout'))
        }
      })
    }
    const handle = () => (transactional ? this.#inTransaction(route, job) : this.#invoke(route, job, this.#settings.pool))
    const tasks = batch.map(({ task }) => task)
    this.tracing(tasks, () => job.waitFor(handle))
      .then(
        (errors) => {
          for (const [index, held] of batch.entries()) this.#finish(held, errors[index] ?? undefined)
        },
        (error: unknown) => {
          for (const held of batch) this.#finish(held, error ?? new Error('the handler failed'))
        },
      )
      .finally(() => {
        job.end()
      })
  }

  /** What a handler has to say of its task counts unless the task is lost or reported already. */
  #finish(held: Held, thrown: unknown): void {
    if (held.state !== 'running') return
    if (thrown === undefined) this.#report({ kind: 'complete', held })
    else if (held.aborted === 'stopping' || isGivenBack(thrown)) this.#giveBack(held)
    else this.#report({ kind: 'fail', held, thrown })
  }

  async #invoke(route: Route, job: Job, client: HandlerClient): Promise<Errors> {
    if (route.batch === undefined) {
      const [held] = job.held
      if (held === undefined) return []
      const { task } = held
      await route.handle?.(task, {
        get signal() {
          return job.signalOf(held)
        },
        client,
        traceparent: traceparentOf(task.metadata),
      })
      return []
    }
    const tasks = job.held.map((held) => ({
      ...held.task,
      get signal() {
        return job.signalOf(held)
      },
    }))
    const errors = (await route.batch(tasks, { client })) ?? []
    if (errors.length > 0 && errors.length !== tasks.length)
      throw new TypeError(`the handler returned ${errors.length} results for ${tasks.length} tasks`)
    return errors
  }

  /** Completes the tasks in the transaction of their handler. */
  async #inTransaction(route: Route, job: Job): Promise<Errors> {
    const connection = await this.#database.connect()
    job.onAbandon = () => {
      connection.release(true)
    }
    try {
      await connection.query('begin')
      const errors = await this.#invoke(route, job, connection)
      const done = job.held.filter((held, index) => held.state === 'running' && !errors[index])
      await this.#commit(connection, done)
      connection.release()
      return errors
    } catch (error) {
      await connection.query('rollback').then(
        () => {
          connection.release()
        },
        () => {
          connection.release(true)
        },
      )
      throw error
    }
  }

  async #commit(connection: WorkerConnection, done: readonly Held[]): Promise<void> {
    const { schema, consumer } = this.#settings
    for (const held of done) this.#setState(held, 'reporting')
    try {
      const noop = done.length > 0 ? (await new Calls(connection, schema, consumer).complete(done)).noop : []
      await connection.query(done.length > 0 && noop.length === 0 ? 'commit' : 'rollback')
      // The others of a batch are rolled back with a task that is lost.
      for (const held of done) {
        if (noop.length === 0) continue
        if (noop.includes(held.eventId)) this.lose(held, 'cancelled')
        else this.#reports.add({ kind: 'release', held })
      }
      if (noop.length === 0)
        this.reported(
          done.map((held) => ({ kind: 'complete', held })),
          { isUpdated: done.map(() => true), isRepeated: false },
        )
    } catch (error) {
      for (const held of done) if (held.state === 'reporting') this.#setState(held, 'running')
      throw error
    }
  }
}

/** Whether a handler gives its task back. */
function isGivenBack(thrown: unknown): boolean {
  return thrown instanceof TaskAborted && thrown.why === 'stopping'
}
