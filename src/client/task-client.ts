import { setTimeout } from 'node:timers/promises'
import { Connection } from './connection.ts'
import {
  filterArguments,
  type AllOptions,
  type FindOptions,
  type OperationsOptions,
  type PagesOptions,
  type ReasonOptions,
  type ResumeAllOptions,
  type ResumeOptions,
  type TaskClientOptions,
} from './options.ts'
import type {
  ConsumerRef,
  Explanation,
  Finding,
  Operation,
  Queryable,
  RoleLevel,
  Task,
  TaskFilter,
  TaskRef,
  TaskStats,
  TransitionResult,
} from './types.ts'

/**
 * Calls the stored functions, one statement a method.
 *
 * Each call runs on the connection it was given: with a `PoolClient` inside `BEGIN`, it commits and rolls back with that
 * transaction. Statements are not named, so a PgBouncer in transaction mode may stand between.
 *
 * Every method throws {@link NotFoundError}, {@link BrokenConsumerError}, {@link InvalidArgumentError} or
 * {@link OperationError} where the function raises KQ001, KQ002, KQ003 or KQ004; other errors of PostgreSQL and of the
 * connection pass through untouched.
 */
export class TaskClient {
  readonly #connection: Connection

  /**
   * Makes a client on a connection, or on a pool of them.
   *
   * @param db - a Pool, a Client or a PoolClient of node-postgres; it stays the caller's to close
   */
  constructor(db: Queryable, options: TaskClientOptions = {}) {
    this.#connection = new Connection(db, options.schema ?? 'public')
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
    options: ReasonOptions = {},
  ): Promise<TransitionResult> {
    return this.#connection.row<TransitionResult>('kanthorq_task_cancel', {
      consumer: nameOf(consumer),
      event_ids: tasks.map(eventIdOf),
      reason: options.reason,
    })
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
    return this.#connection.row<TransitionResult>('kanthorq_task_resume', {
      consumer: nameOf(consumer),
      event_ids: tasks.map(eventIdOf),
      reason: options.reason,
      schedule_at: options.scheduleAt,
      reset_attempts: options.resetAttempts,
    })
  }

  /**
   * Discards tasks that are stuck (running, overdue and with their attempts spent): `kanthorq_task_discard`.
   *
   * @param consumer - name of the consumer, or its registry row
   * @param tasks - event ids or tasks, any number; duplicates count once
   */
  async discard(
    consumer: ConsumerRef,
    tasks: readonly TaskRef[],
    options: ReasonOptions = {},
  ): Promise<TransitionResult> {
    return this.#connection.row<TransitionResult>('kanthorq_task_discard', {
      consumer: nameOf(consumer),
      event_ids: tasks.map(eventIdOf),
      reason: options.reason,
    })
  }

  /**
   * Says what cancel, resume and discard would do to each task, and why, without doing it: `kanthorq_task_explain`.
   *
   * @returns one for each distinct id, in the order in which the ids were given
   */
  async explain(consumer: ConsumerRef, tasks: readonly TaskRef[]): Promise<Explanation[]> {
    return this.#connection.rows<Explanation>('kanthorq_task_explain', {
      consumer: nameOf(consumer),
      event_ids: tasks.map(eventIdOf),
    })
  }

  /**
   * Finds the tasks that a filter matches, newest event first, a page at a time: `kanthorq_task_find`.
   *
   * @returns the first page, or with `after` the page behind that event; an empty one when there are no more
   */
  async find(
    consumer: ConsumerRef,
    filter: TaskFilter = {},
    options: FindOptions = {},
  ): Promise<Task[]> {
    return this.#connection.rows<Task>('kanthorq_task_find', {
      consumer: nameOf(consumer),
      ...filterArguments(filter),
      after: options.after,
      max_tasks: options.maxTasks,
      oldest_first: options.oldestFirst,
    })
  }

  /** Finds all pages of {@link TaskClient.find}, one statement each; none of them is empty. */
  async *pages(
    consumer: ConsumerRef,
    filter: TaskFilter = {},
    options: PagesOptions = {},
  ): AsyncGenerator<Task[]> {
    const { pageSize: maxTasks = 100, ...order } = options
    let page = await this.find(consumer, filter, { maxTasks, ...order })
    for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
      yield page
      if (page.length < maxTasks) return
      page = await this.find(consumer, filter, { maxTasks, ...order, after: last.eventId })
    }
  }

  /** Counts the tasks that a filter matches: `kanthorq_task_count`. */
  async count(consumer: ConsumerRef, filter: TaskFilter = {}): Promise<number> {
    const row = await this.#connection.row<{ kanthorqTaskCount: string }>('kanthorq_task_count', {
      consumer: nameOf(consumer),
      ...filterArguments(filter),
    })
    return Number(row.kanthorqTaskCount)
  }

  /** Counts the tasks in each state, of one consumer or of all, and those that are stuck: `kanthorq_task_stats`. */
  async stats(consumer?: ConsumerRef): Promise<TaskStats[]> {
    const rows = await this.#connection.rows<WithBigints<TaskStats, 'tasks' | 'stuck'>>(
      'kanthorq_task_stats',
      { consumer: consumer === undefined ? undefined : nameOf(consumer) },
    )
    return rows.map((row) => ({ ...row, tasks: Number(row.tasks), stuck: Number(row.stuck) }))
  }

  /**
   * Cancels all tasks that a filter matches and that can be cancelled, batch by batch: `kanthorq_task_batch`.
   *
   * Each batch is a statement of its own, and so committed, unless the caller's transaction is open; then all are part of
   * it. Tasks that a worker holds are skipped. If a batch fails, those before it are done; call it again to go on.
   *
   * @returns how many tasks were cancelled
   * @throws between two batches when `options.signal` is aborted; what is done stays done
   */
  async cancelAll(
    consumer: ConsumerRef,
    filter: TaskFilter,
    options: AllOptions = {},
  ): Promise<number> {
    return this.#all('cancel', consumer, filter, options)
  }

  /** Resumes all tasks that a filter matches and that can be resumed; else like {@link TaskClient.cancelAll}. */
  async resumeAll(
    consumer: ConsumerRef,
    filter: TaskFilter,
    options: ResumeAllOptions = {},
  ): Promise<number> {
    return this.#all('resume', consumer, filter, options)
  }

  /** Discards all tasks that a filter matches and that are stuck; else like {@link TaskClient.cancelAll}. */
  async discardAll(
    consumer: ConsumerRef,
    filter: TaskFilter,
    options: AllOptions = {},
  ): Promise<number> {
    return this.#all('discard', consumer, filter, options)
  }

  /** Reads the log of all transitions, newest first, of one consumer or of all: `kanthorq_task_operations`. */
  async operations(consumer?: ConsumerRef, options: OperationsOptions = {}): Promise<Operation[]> {
    return this.#connection.rows<Operation>('kanthorq_task_operations', {
      consumer: consumer === undefined ? undefined : nameOf(consumer),
      event_id: options.eventId,
      before: options.before,
      max_operations: options.maxOperations,
    })
  }

  /**
   * Puts the tasks of an operation back to what they were, where nothing has touched them since: `kanthorq_task_undo`.
   *
   * @param operation - id of the operation, or the operation
   */
  async undo(
    operation: string | Pick<Operation, 'id'>,
    options: ReasonOptions = {},
  ): Promise<TransitionResult> {
    return this.#connection.row<TransitionResult>('kanthorq_task_undo', {
      operation_id: typeof operation === 'string' ? operation : operation.id,
      reason: options.reason,
    })
  }

  /** Looks for what is wrong in this database; each finding has the SQL that mends it: `kanthorq_doctor`. */
  async doctor(): Promise<Finding[]> {
    return this.#connection.rows<Finding>('kanthorq_doctor', {})
  }

  /**
   * Gives a role exactly the rights of a level: `kanthorq_grant`.
   *
   * @param role - name of a role that exists
   */
  async grant(role: string, level: RoleLevel): Promise<void> {
    await this.#connection.row('kanthorq_grant', { role, level })
  }

  /** Takes all rights from a role: `kanthorq_revoke`. */
  async revoke(role: string): Promise<void> {
    await this.#connection.row('kanthorq_revoke', { role })
  }

  async #all(
    action: string,
    consumer: ConsumerRef,
    filter: TaskFilter,
    options: ResumeAllOptions,
  ): Promise<number> {
    let batch: { progress: unknown; updated: string; total: string } | undefined
    let took = 0
    do {
      options.signal?.throwIfAborted()
      if (batch !== undefined && batch.updated !== '0') {
        await setTimeout(
          options.pause ?? 2 * took,
          undefined,
          options.signal === undefined ? {} : { signal: options.signal },
        )
      }
      const start = performance.now()
      batch = await this.#connection.row('kanthorq_task_batch', {
        action,
        consumer: nameOf(consumer),
        ...filterArguments(filter),
        everything: options.everything,
        batch_size: options.batchSize,
        max_tasks: options.maxTasks,
        reason: options.reason,
        schedule_at: options.scheduleAt,
        reset_attempts: options.resetAttempts,
        spread: options.spread === undefined ? undefined : `${options.spread} milliseconds`,
        progress: batch?.progress,
      })
      took = performance.now() - start
      if (batch.updated !== '0') options.onProgress?.(Number(batch.total))
    } while (batch.progress !== null)
    return Number(batch.total)
  }
}

/** A row as it comes from node-postgres, which has a bigint as text. */
type WithBigints<Row, Key extends keyof Row> = Omit<Row, Key> & Record<Key, string>

// Both let null through, against the types, so that SQL refuses it like any other bad argument.

function nameOf(consumer: ConsumerRef | null | undefined): string | null {
  return typeof consumer === 'string' ? consumer : (consumer?.name ?? null)
}

function eventIdOf(task: TaskRef | null | undefined): string | undefined {
  return typeof task === 'string' ? task : task?.eventId
}
