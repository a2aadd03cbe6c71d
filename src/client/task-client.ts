import { setTimeout } from 'node:timers/promises'
import { Connection, withCamelCase } from './connection.ts'
import type {
  AllOptions,
  FindOptions,
  OperationsOptions,
  PagesOptions,
  ReasonOptions,
  ResumeAllOptions,
  ResumeOptions,
  TaskClientOptions,
  UndoAllOptions,
} from './options.ts'
import { pagesOf } from './pages.ts'
import type {
  BulkResult,
  ConsumerRef,
  Explanation,
  Finding,
  Operation,
  Preview,
  Queryable,
  RoleLevel,
  Task,
  TaskAction,
  TaskFilter,
  TaskRef,
  TaskStats,
  TransitionResult,
} from './types.ts'

/**
 * Calls the stored functions, one statement a method. A call accepts any number of tasks; duplicates count once.
 *
 * A client that is made with a `PoolClient` inside `BEGIN` works in that transaction. Statements are unnamed, so the
 * connection may go through PgBouncer in transaction mode.
 *
 * Every method throws {@link NotFoundError}, {@link BrokenConsumerError}, {@link InvalidArgumentError} or
 * {@link OperationError} where the function raises KQ001, KQ002, KQ003 or KQ004. Other errors of PostgreSQL and of the
 * connection pass through unchanged.
 */
export class TaskClient {
  readonly #connection: Connection

  /** @param db - a Pool, a Client or a PoolClient of node-postgres; the caller closes it */
  constructor(db: Queryable, options: TaskClientOptions = {}) {
    this.#connection = new Connection(db, options.schema ?? 'public')
  }

  /** Cancels tasks that are pending, available or retryable: `kanthorq_task_cancel`. A running task is not cancelled. */
  async cancel(consumer: ConsumerRef, tasks: readonly TaskRef[], options: ReasonOptions = {}): Promise<TransitionResult> {
    return this.#move('cancel', consumer, tasks, options)
  }

  /** Resumes tasks that are discarded or cancelled, so that workers pick them up again: `kanthorq_task_resume`. */
  async resume(consumer: ConsumerRef, tasks: readonly TaskRef[], options: ResumeOptions = {}): Promise<TransitionResult> {
    return this.#move('resume', consumer, tasks, options, {
      schedule_at: options.scheduleAt,
      reset_attempts: options.resetAttempts,
    })
  }

  /**
   * Discards stuck tasks (running, overdue and out of attempts): `kanthorq_task_discard`. A handler that outlives its
   * visibility timeout may still be working on such a task; its acknowledgement then does nothing.
   */
  async discard(consumer: ConsumerRef, tasks: readonly TaskRef[], options: ReasonOptions = {}): Promise<TransitionResult> {
    return this.#move('discard', consumer, tasks, options)
  }

  /**
   * Explains what cancel, resume and discard would do to each task, and changes nothing: `kanthorq_task_explain`. Returns one
   * explanation for each distinct id, in the order of the input.
   */
  async explain(consumer: ConsumerRef, tasks: readonly TaskRef[]): Promise<Explanation[]> {
    return this.#connection.rows<Explanation>('kanthorq_task_explain', {
      consumer: nameOf(consumer),
      event_ids: tasks.map(eventIdOf),
    })
  }

  /** Returns a page of the tasks that match a filter, newest event first: `kanthorq_task_find`. */
  async find(consumer: ConsumerRef, filter: TaskFilter = {}, options: FindOptions = {}): Promise<Task[]> {
    return this.#connection.rows<Task>('kanthorq_task_find', {
      consumer: nameOf(consumer),
      ...filterArguments(filter),
      after: options.after,
      max_tasks: options.maxTasks,
      oldest_first: options.oldestFirst,
    })
  }

  /** Iterates over all pages of {@link TaskClient.find}, with one statement a page. No page is empty. */
  async *pages(consumer: ConsumerRef, filter: TaskFilter = {}, options: PagesOptions = {}): AsyncGenerator<Task[]> {
    const { pageSize: maxTasks = 100, oldestFirst } = options
    yield* pagesOf<Task>(maxTasks, (last) => this.find(consumer, filter, { maxTasks, oldestFirst, after: last?.eventId }))
  }

  /** Counts the tasks that match a filter: `kanthorq_task_count`. */
  async count(consumer: ConsumerRef, filter: TaskFilter = {}): Promise<number> {
    const row = await this.#connection.row<{ kanthorqTaskCount: string }>('kanthorq_task_count', {
      consumer: nameOf(consumer),
      ...filterArguments(filter),
    })
    return Number(row.kanthorqTaskCount)
  }

  /** Counts tasks by state, and stuck tasks, for one consumer or all: `kanthorq_task_stats`. */
  async stats(consumer?: ConsumerRef): Promise<TaskStats[]> {
    const rows = await this.#connection.rows<WithBigints<TaskStats, 'tasks' | 'stuck'>>('kanthorq_task_stats', {
      consumer: consumer === undefined ? undefined : nameOf(consumer),
    })
    return rows.map((row) => ({ ...row, tasks: Number(row.tasks), stuck: Number(row.stuck) }))
  }

  /**
   * Cancels all tasks that match a filter and can be cancelled, in batches: `kanthorq_task_batch`.
   *
   * Each batch is one statement and commits by itself, unless the caller has opened a transaction. Tasks locked by another
   * session are skipped. If a batch fails, the previous batches remain; call the method again to continue.
   */
  async cancelAll(consumer: ConsumerRef, filter: TaskFilter, options: AllOptions = {}): Promise<BulkResult> {
    return this.#all('cancel', consumer, filter, options)
  }

  /** Shows what `cancelAll`, `resumeAll` or `discardAll` would do with a filter, and changes nothing: `kanthorq_task_preview`. */
  async preview(
    action: TaskAction,
    consumer: ConsumerRef,
    filter: TaskFilter = {},
    options: Pick<AllOptions, 'maxTasks'> = {},
  ): Promise<Preview> {
    const row = await this.#connection.row<PreviewRow>('kanthorq_task_preview', {
      action,
      consumer: nameOf(consumer),
      ...filterArguments(filter),
      max_tasks: options.maxTasks,
    })
    return {
      ...row,
      tasks: Number(row.tasks),
      matching: Number(row.matching),
      subjects: Number(row.subjects),
      firstTasks: row.firstTasks.map(taskFromJson),
    }
  }

  /** Resumes all tasks that match a filter and can be resumed. Otherwise like {@link TaskClient.cancelAll}. */
  async resumeAll(consumer: ConsumerRef, filter: TaskFilter, options: ResumeAllOptions = {}): Promise<BulkResult> {
    return this.#all('resume', consumer, filter, options)
  }

  /** Discards all stuck tasks that match a filter. Otherwise like {@link TaskClient.cancelAll}. */
  async discardAll(consumer: ConsumerRef, filter: TaskFilter, options: AllOptions = {}): Promise<BulkResult> {
    return this.#all('discard', consumer, filter, options)
  }

  /** Reads the log of transitions for one consumer or all, newest first. A bulk call is one entry: `kanthorq_task_operations`. */
  async operations(consumer?: ConsumerRef, options: OperationsOptions = {}): Promise<Operation[]> {
    const rows = await this.#connection.rows<OperationRow>('kanthorq_task_operations', {
      consumer: consumer === undefined ? undefined : nameOf(consumer),
      event_id: options.eventId,
      action: options.action,
      reason: options.reason,
      actor: options.actor,
      bulk_id: options.bulkId,
      each_batch: options.batches,
      with_event_ids: options.withEventIds,
      before: options.before,
      max_operations: options.maxOperations,
    })
    return rows.map((row) => ({
      ...row,
      tasks: Number(row.tasks),
      batches: Number(row.batches),
      eventIds: row.eventIds ?? [],
    }))
  }

  /** Restores the tasks of an operation, unless they have changed since: `kanthorq_task_undo`. */
  async undo(operation: string | Pick<Operation, 'id'>, options: ReasonOptions = {}): Promise<TransitionResult> {
    return this.#connection.row<TransitionResult>('kanthorq_task_undo', {
      operation_id: typeof operation === 'string' ? operation : operation.id,
      reason: options.reason,
    })
  }

  /**
   * Restores the tasks of a bulk call, unless they have changed since, newest batch first: `kanthorq_task_undo_batch`.
   * Commits each batch, like {@link TaskClient.cancelAll}. The `bulkId` of the result is that of the undo.
   *
   * @param bulkId - the `bulkId` of the call, or the id of an operation of one batch
   */
  async undoAll(bulkId: string, options: UndoAllOptions = {}): Promise<BulkResult> {
    return this.#inBatches(
      'kanthorq_task_undo_batch',
      { bulk_id: bulkId, reason: options.reason },
      options,
      'undo_bulk_id as bulk_id',
    )
  }

  /** Checks the database for problems. Each finding has the SQL that repairs it: `kanthorq_doctor`. */
  async doctor(): Promise<Finding[]> {
    return this.#connection.rows<Finding>('kanthorq_doctor', {})
  }

  /** Gives an existing role the rights of a level, and no others: `kanthorq_grant`. */
  async grant(role: string, level: RoleLevel): Promise<void> {
    await this.#connection.row('kanthorq_grant', { role, level })
  }

  /** Removes all rights of a role: `kanthorq_revoke`. */
  async revoke(role: string): Promise<void> {
    await this.#connection.row('kanthorq_revoke', { role })
  }

  #move(
    action: TaskAction,
    consumer: ConsumerRef,
    tasks: readonly TaskRef[],
    { reason }: ReasonOptions,
    more: Record<string, unknown> = {},
  ): Promise<TransitionResult> {
    const args = { consumer: nameOf(consumer), event_ids: tasks.map(eventIdOf), reason, ...more }
    return this.#connection.row<TransitionResult>(`kanthorq_task_${action}`, args)
  }

  #all(action: TaskAction, consumer: ConsumerRef, filter: TaskFilter, options: ResumeAllOptions): Promise<BulkResult> {
    const args = {
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
    }
    return this.#inBatches('kanthorq_task_batch', args, options, 'bulk_id')
  }

  /** Calls a function that moves one batch until its progress is null. */
  async #inBatches(name: string, args: Record<string, unknown>, options: UndoAllOptions, bulkId: string): Promise<BulkResult> {
    let batch: Batch | undefined
    let took = 0
    do {
      options.signal?.throwIfAborted()
      if (batch !== undefined && batch.updated !== '0') {
        const { signal } = options
        await setTimeout(options.pause ?? 2 * took, undefined, signal && { signal })
      }
      const start = performance.now()
      batch = await this.#connection.row<Batch>(
        name,
        { ...args, progress: batch?.progress },
        `progress::text, updated, skipped, total, ${bulkId}`,
      )
      took = performance.now() - start
      if (batch.bulkId !== null && batch.updated !== '0') options.onProgress?.(Number(batch.total), batch.bulkId)
    } while (batch.progress !== null)
    const { total, skipped } = batch
    return { updated: Number(total), skipped: Number(skipped), bulkId: batch.bulkId }
  }
}

/** One batch of a bulk call. */
interface Batch {
  /** Opaque; null after the last batch. */
  progress: string | null
  updated: string
  skipped: string
  total: string
  bulkId: string | null
}

type OperationRow = Omit<WithBigints<Operation, 'tasks' | 'batches'>, 'eventIds'> & {
  eventIds: string[] | null
}

type PreviewRow = Omit<WithBigints<Preview, 'tasks' | 'matching' | 'subjects'>, 'firstTasks'> & {
  firstTasks: Record<string, unknown>[]
}

/** A task in JSON has the column names of SQL, and times as text. */
function taskFromJson(row: Record<string, unknown>): Task {
  const task = withCamelCase(row) as unknown as Task
  const time = (value: Date | null) => value && new Date(value)
  return {
    ...task,
    scheduleAt: time(task.scheduleAt),
    finalizedAt: time(task.finalizedAt),
    attemptedAt: time(task.attemptedAt),
    createdAt: new Date(task.createdAt),
    updatedAt: new Date(task.updatedAt),
  }
}

/** A row as node-postgres returns it: a bigint is text. */
type WithBigints<Row, Key extends keyof Row> = Omit<Row, Key> & Record<Key, string>

// Both pass null on, against the types, so that SQL rejects it like any other invalid argument.

function nameOf(consumer: ConsumerRef | null | undefined): string | null {
  return typeof consumer === 'string' ? consumer : (consumer?.name ?? null)
}

function eventIdOf(task: TaskRef | null | undefined): string | undefined {
  return typeof task === 'string' ? task : task?.eventId
}

/** Converts a filter into named arguments of an SQL function. */
function filterArguments(filter: TaskFilter): Record<string, unknown> {
  return {
    states: filter.states,
    subject: filter.subject,
    metadata: filter.metadata,
    error: filter.error,
    created_after: filter.createdAfter,
    created_before: filter.createdBefore,
  }
}
