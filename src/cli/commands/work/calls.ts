import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { KanthorqError } from '../../../client/errors.ts'
import type { HeldTask, TransitionResult } from '../../../client/types.ts'
import type { Database } from '../../database.ts'
import { explainError } from '../../errors.ts'
import { note } from '../../terminal/output.ts'
import type { Failure, WorkedTask } from './handler.ts'

/** A task, and for how long it is held, in milliseconds by the clock of the server. */
export type Pulled = WorkedTask & { lease: number }

const columns = `event_id, subject, body, metadata::text as metadata, attempt, attempt_max, created_at,
  extract(epoch from lease_until - clock_timestamp())::float8 * 1000 as lease`

/** The longest wait between two tries, in milliseconds. */
const longest = 10_000

/**
 * The calls of a worker, one after the other on one connection. A call is tried again, for ever, while the server is away or has to refuse
 * it for a while: reports are fenced by the attempt, so that a second one changes nothing.
 */
export class Calls {
  readonly #db: Database
  readonly #consumer: string
  readonly #hurry: AbortSignal
  #last: Promise<unknown> = Promise.resolve()

  /** @param hurry - when aborted, nothing is tried again */
  constructor(db: Database, consumer: string, hurry: AbortSignal) {
    this.#db = db
    this.#consumer = consumer
    this.#hurry = hurry
  }

  /** Pulls tasks; undefined if the signal is aborted before there is an answer. */
  pull(maxTasks: number, subjects: readonly string[] | undefined, lookback: string | undefined, signal: AbortSignal) {
    const args = { consumer: this.#consumer, max_tasks: maxTasks, subjects, lookback }
    return this.#try(() => this.#db.rows<Pulled>({ name: 'kanthorq_task_pull', args, columns }), signal)
  }

  complete(task: HeldTask) {
    return this.#report((consumer) => this.#db.tasks.complete(consumer, [task]))
  }

  fail(task: HeldTask, { error, stack }: Failure) {
    return this.#report((consumer) => this.#db.tasks.fail(consumer, [{ ...task, error: { message: error, stack } }]))
  }

  release(tasks: readonly HeldTask[]) {
    return this.#report((consumer) => this.#db.tasks.release(consumer, tasks))
  }

  /** Returns the ids of the tasks that are lost. */
  async extend(tasks: readonly HeldTask[], extendBy: number): Promise<string[]> {
    return (await this.#report((consumer) => this.#db.tasks.extend(consumer, tasks, { extendBy })))?.noop ?? []
  }

  #report(call: (consumer: string) => Promise<TransitionResult>) {
    return this.#try(() => call(this.#consumer), this.#hurry)
  }

  #try<Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
    const result = this.#last.then(() => this.#untilDone(call, signal))
    this.#last = result.catch(() => undefined)
    return result
  }

  async #untilDone<Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
    for (let wait = 100; ; wait = Math.min(wait * 2, longest)) {
      let failure: unknown
      try {
        await this.#db.revive()
        return await call()
      } catch (error) {
        failure = this.#db.explained(error)
        if (!this.#db.isLost && !passes(failure)) throw failure
      }
      if (signal.aborted) return undefined
      if (wait === 100) note(...explainError(failure), 'trying again until it works')
      await setTimeout(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Whether an error may be over soon: one of the connection, a conflict with another session, or a lack of something. */
function passes(error: unknown): boolean {
  if (error instanceof KanthorqError) return false
  return !(error instanceof pg.DatabaseError) || /^(08|40|53|55P03|57)/.test(error.code ?? '')
}
