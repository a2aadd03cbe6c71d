import pg, { type QueryResultRow } from 'pg'
import { fromDatabaseError } from './errors.ts'
import type { ConsumerRef, Queryable, TaskRef, TransitionResult } from './types.ts'

/** Options of {@link TaskClient}. */
export interface TaskClientOptions {
  /** The schema that the functions were installed into. Default: `public`. */
  schema?: string
}

/** Options of {@link TaskClient.cancel}. */
export interface CancelOptions {
  /** Why, for the record. */
  reason?: string
}

/** Options of {@link TaskClient.resume}. */
export interface ResumeOptions {
  /** Why, for the record. */
  reason?: string
  /** When the tasks are due. Default: at once. */
  scheduleAt?: Date
  /** Give the tasks all their attempts back; otherwise at least one is left. Default: false. */
  resetAttempts?: boolean
}

/**
 * Calls the stored functions, one statement a method.
 *
 * Each call runs on the connection it was given: with a `PoolClient` inside `BEGIN`, it commits and rolls back with that
 * transaction. Statements are not named, so a PgBouncer in transaction mode may stand between.
 *
 * Every method throws {@link NotFoundError}, {@link BrokenConsumerError} or {@link InvalidArgumentError} where the
 * function raises KQ001, KQ002 or KQ003; other errors of PostgreSQL and of the connection pass through untouched.
 */
export class TaskClient {
  readonly #db: Queryable
  readonly #schema: string

  /** @param db - a Pool, a Client or a PoolClient of node-postgres; it stays the caller's to close */
  constructor(db: Queryable, options: TaskClientOptions = {}) {
    this.#db = db
    this.#schema = pg.escapeIdentifier(options.schema ?? 'public')
  }

  /**
   * Cancels tasks that are pending, available or retryable: `kanthorq_task_cancel`.
   *
   * @param consumer - name of the consumer, or its registry row
   * @param tasks - event ids or tasks, any number; duplicates count once
   */
  async cancel(
    consumer: ConsumerRef,
    tasks: readonly TaskRef[],
    options: CancelOptions = {},
  ): Promise<TransitionResult> {
    return this.#transition('kanthorq_task_cancel(consumer => $1, event_ids => $2, reason => $3)', [
      nameOf(consumer),
      tasks.map(eventIdOf),
      options.reason,
    ])
  }

  /**
   * Resumes tasks that are discarded or cancelled, so that workers pick them up again: `kanthorq_task_resume`.
   *
   * @param consumer - name of the consumer, or its registry row
   * @param tasks - event ids or tasks, any number; duplicates count once
   */
  async resume(
    consumer: ConsumerRef,
    tasks: readonly TaskRef[],
    options: ResumeOptions = {},
  ): Promise<TransitionResult> {
    return this.#transition(
      'kanthorq_task_resume(consumer => $1, event_ids => $2, reason => $3, schedule_at => $4, reset_attempts => $5)',
      [
        nameOf(consumer),
        tasks.map(eventIdOf),
        options.reason,
        options.scheduleAt,
        options.resetAttempts ?? false,
      ],
    )
  }

  async #transition(call: string, values: unknown[]): Promise<TransitionResult> {
    const [row] = await this.#query<TransitionResult>(`select updated, noop from #.${call}`, values)
    if (row === undefined) throw new Error(`${call} returned no row`)
    return row
  }

  /** Runs a statement in which `#` stands for the schema of the functions. */
  async #query<Row extends QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (
        await this.#db.query<Row>(
          text.replace('#', () => this.#schema),
          values,
        )
      ).rows
    } catch (error) {
      throw fromDatabaseError(error)
    }
  }
}

// Both let null through, against the types, so that SQL refuses it like any other bad argument.

function nameOf(consumer: ConsumerRef | null | undefined): string | undefined {
  return typeof consumer === 'string' ? consumer : consumer?.name
}

function eventIdOf(task: TaskRef | null | undefined): string | undefined {
  return typeof task === 'string' ? task : task?.eventId
}
