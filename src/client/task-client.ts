import {
  argumentsOf,
  bigintArgument,
  booleanArgument,
  checkDuration,
  checkFunction,
  checkSignal,
  idArgument,
  intArgument,
  intervalArgument,
  refusal,
  textArgument,
  textsArgument,
  timeArgument,
  type Argument,
  type Parts,
} from './arguments.ts'
import { day, inBatches, type Batch } from './batches.ts'
import { Connection } from './connection.ts'
import { eventsArguments } from './event-arguments.ts'
import { filterArguments } from './filter.ts'
import type {
  AllOptions,
  CancelAllOptions,
  CancelOptions,
  ErrorsOptions,
  ConsumersOptions,
  ExplainOptions,
  ExtendOptions,
  FailOptions,
  FindOptions,
  HoldOptions,
  MissedOptions,
  OperationsOptions,
  PagesOptions,
  PreviewOptions,
  PullOptions,
  PurgeEventsOptions,
  PurgeOptions,
  PurgeTasksOptions,
  RatesOptions,
  StatsOptions,
  ReasonOptions,
  ResumeAllOptions,
  ResumeOptions,
  TaskClientOptions,
  UndoAllOptions,
} from './options.ts'
import { pagesOf } from './pages.ts'
import { failedArguments, heldArguments } from './report-arguments.ts'
import {
  errorGroupFrom,
  consumerFrom,
  explanationFrom,
  historyEntryFrom,
  missedEventFrom,
  operationFrom,
  previewFrom,
  pulledTaskFrom,
  ratesFrom,
  statsFrom,
  taskFrom,
  type HistoryRow,
  type OperationRow,
  type PulledRow,
} from './rows.ts'
import type {
  BulkResult,
  Consumer,
  ConsumerRef,
  ErrorGroup,
  Explanation,
  FailedTask,
  Finding,
  HeldTask,
  HistoryEntry,
  MissedEvent,
  NewEvent,
  Operation,
  OperationId,
  Preview,
  PulledTask,
  PurgeResult,
  Queryable,
  RoleLevel,
  Task,
  TaskAction,
  TaskFilter,
  TaskRates,
  TaskRef,
  TaskStats,
  TransitionResult,
} from './types.ts'

/**
 * Calls the stored functions, one statement a method. A call accepts any number of tasks; duplicates count once.
 *
 * A client that is made with a `PoolClient` inside `BEGIN` works in that transaction. Statements are unnamed, so the
 * connection may go through PgBouncer in transaction mode. Before the first change it tries a connection with one more
 * statement, and throws a TypeError if that does not answer as {@link Queryable} says.
 *
 * Every method throws {@link NotFoundError}, {@link BrokenConsumerError}, {@link InvalidArgumentError} or
 * {@link OperationError} where the function raises KQ001, KQ002, KQ003 or KQ004. Arguments that are certainly wrong are
 * refused before anything is sent: unknown options, null, invalid Dates, NaN. Other errors of PostgreSQL and of the connection
 * pass through unchanged.
 *
 * @example
 * const tasks = new TaskClient(pool)
 * const { updated, noop } = await tasks.cancel('send_email', ['event_01'], { reason: 'INC-42' })
 */
export class TaskClient {
  readonly #connection: Connection

  /**
   * @param db - a Pool, a Client or a PoolClient of node-postgres, or another {@link Queryable}; the caller closes it
   * @throws TypeError if it has no `query()`
   * @example
   * const tasks = new TaskClient(pool, { schema: 'public' })
   */
  constructor(db: Queryable, options: TaskClientOptions = {}) {
    const { schema } = argumentsOf('options', options, { schema: ['schema', textArgument] })
    this.#connection = new Connection(db, schema?.text ?? 'public')
  }

  /**
   * Cancels tasks that are pending, available or retryable: `kanthorq_task_cancel`. A running task is cancelled
   * only with `running: true`; its handler learns it by {@link TaskClient.extend}.
   *
   * @example
   * const { updated, noop } = await tasks.cancel('send_email', ['event_01', 'event_02'], { reason: 'INC-42' })
   */
  async cancel(consumer: ConsumerRef, tasks: readonly TaskRef[], options: CancelOptions = {}): Promise<TransitionResult> {
    return this.#move('cancel', consumer, tasks, argumentsOf('options', options, cancelParts))
  }

  /**
   * Resumes tasks that are discarded or cancelled, so that workers pick them up again: `kanthorq_task_resume`.
   *
   * @example
   * const inAnHour = new Date(Date.now() + 3_600_000)
   * await tasks.resume('send_email', ['event_01'], { scheduleAt: inAnHour, resetAttempts: true })
   */
  async resume(consumer: ConsumerRef, tasks: readonly TaskRef[], options: ResumeOptions = {}): Promise<TransitionResult> {
    return this.#move('resume', consumer, tasks, argumentsOf('options', options, resumeParts))
  }

  /**
   * Discards stuck tasks (running, overdue and out of attempts): `kanthorq_task_discard`. A handler that outlives its
   * visibility timeout may still be working on such a task; its acknowledgement then does nothing.
   *
   * @example
   * const stuck = await tasks.find('send_email', { states: ['running'] })
   * await tasks.discard('send_email', stuck, { reason: 'stuck' })
   */
  async discard(consumer: ConsumerRef, tasks: readonly TaskRef[], options: ReasonOptions = {}): Promise<TransitionResult> {
    return this.#move('discard', consumer, tasks, argumentsOf('options', options, reasonParts))
  }

  /**
   * Explains what cancel, resume and discard would do to each task, and changes nothing: `kanthorq_task_explain`. Returns one
   * explanation for each distinct id, in the order of the input.
   *
   * @example
   * for (const { eventId, why } of await tasks.explain('send_email', ['event_01'])) console.log(eventId, why)
   */
  async explain(consumer: ConsumerRef, tasks: readonly TaskRef[], options: ExplainOptions = {}): Promise<Explanation[]> {
    const args = {
      consumer: consumerArgument(consumer),
      event_ids: eventIdsArgument(tasks),
      ...argumentsOf('options', options, explainParts),
    }
    return (await this.#connection.rows<Explanation>('kanthorq_task_explain', args)).map(explanationFrom)
  }

  /**
   * Returns a page of the tasks that match a filter, newest event first: `kanthorq_task_find`.
   *
   * @example
   * const failed = await tasks.find('send_email', { states: ['discarded'], error: 'smtp' }, { maxTasks: 10 })
   */
  async find(consumer: ConsumerRef, filter: TaskFilter = {}, options: FindOptions = {}): Promise<Task[]> {
    const args = {
      consumer: consumerArgument(consumer),
      ...filterArguments(filter),
      ...argumentsOf('options', options, findParts),
    }
    return (await this.#connection.rows<Task>('kanthorq_task_find', args)).map(taskFrom)
  }

  /**
   * Iterates over all pages of {@link TaskClient.find}, with one statement a page. No page is empty.
   *
   * @example
   * for await (const page of tasks.pages('send_email', { states: ['discarded'] })) {
   *   for (const { eventId, lastError } of page) console.log(eventId, lastError)
   * }
   */
  async *pages(consumer: ConsumerRef, filter: TaskFilter = {}, options: PagesOptions = {}): AsyncGenerator<Task[]> {
    argumentsOf('options', options, pagesParts)
    const { pageSize: maxTasks = 100, oldestFirst } = options
    yield* pagesOf<Task>(maxTasks, (last) => this.find(consumer, filter, { maxTasks, oldestFirst, after: last?.eventId }))
  }

  /**
   * Counts the tasks that match a filter: `kanthorq_task_count`.
   *
   * @example
   * const waiting = await tasks.count('send_email', { states: ['pending', 'available', 'retryable'] })
   */
  async count(consumer: ConsumerRef, filter: TaskFilter = {}): Promise<number> {
    const args = { consumer: consumerArgument(consumer), ...filterArguments(filter) }
    return (await this.#connection.row<{ kanthorqTaskCount: number }>('kanthorq_task_count', args)).kanthorqTaskCount
  }

  /**
   * Groups the tasks that failed by the cause, for one consumer or all, most tasks first: `kanthorq_task_errors`. Tasks that have been
   * completed since are among them, unless the filter names other states.
   *
   * @example
   * for (const { fingerprint, tasks: number } of await tasks.errors('send_email', { states: ['discarded', 'retryable'] }))
   *   console.log(number, fingerprint)
   */
  async errors(consumer?: ConsumerRef, filter: TaskFilter = {}, options: ErrorsOptions = {}): Promise<ErrorGroup[]> {
    const args = {
      consumer: optionalConsumer(consumer),
      ...filterArguments(filter),
      ...argumentsOf('options', options, errorsParts),
    }
    return (await this.#connection.rows<ErrorGroup>('kanthorq_task_errors', args)).map(errorGroupFrom)
  }

  /**
   * Counts tasks by state, and stuck tasks, for one consumer or all: `kanthorq_task_stats`.
   *
   * @example
   * for (const { state, tasks: number } of await tasks.stats('send_email')) console.log(state, number)
   */
  async stats(consumer?: ConsumerRef, options: StatsOptions = {}): Promise<TaskStats[]> {
    const args = { consumer: optionalConsumer(consumer), ...argumentsOf('options', options, statsParts) }
    return (await this.#connection.rows<TaskStats>('kanthorq_task_stats', args)).map(statsFrom)
  }

  /**
   * Counts what happened to tasks in each bucket of time, for one consumer or all: `kanthorq_task_rates`. Reads every task.
   *
   * @example
   * for (const { at, arrived, completed, waiting } of await tasks.rates('send_email', { bucket: 60_000 }))
   *   console.log(at, arrived, completed, waiting)
   */
  async rates(consumer?: ConsumerRef, options: RatesOptions = {}): Promise<TaskRates[]> {
    const args = { consumer: optionalConsumer(consumer), ...argumentsOf('options', options, ratesParts) }
    return (await this.#connection.rows<TaskRates>('kanthorq_task_rates', args)).map(ratesFrom)
  }

  /**
   * Lists all consumers with their settings and their backlog: `kanthorq_consumer_list`. Counts no tasks.
   *
   * @example
   * for (const { consumerName, unread, oldestDue } of await tasks.consumers()) console.log(consumerName, unread, oldestDue)
   */
  async consumers(options: ConsumersOptions = {}): Promise<Consumer[]> {
    const args = argumentsOf('options', options, consumersParts)
    return (await this.#connection.rows<Consumer>('kanthorq_consumer_list', args)).map(consumerFrom)
  }

  /**
   * Shows what `cancelAll`, `resumeAll` or `discardAll` would do with a filter, and changes nothing: `kanthorq_task_preview`.
   *
   * @example
   * const { matching, byState, leftOut } = await tasks.preview('cancel', 'send_email', { subject: 'order.>' })
   */
  async preview(
    action: TaskAction,
    consumer: ConsumerRef,
    filter: TaskFilter = {},
    options: PreviewOptions = {},
  ): Promise<Preview> {
    const args = {
      action: requiredText('action', action),
      consumer: consumerArgument(consumer),
      ...filterArguments(filter),
      ...argumentsOf('options', options, previewParts),
    }
    return previewFrom(await this.#connection.row('kanthorq_task_preview', args))
  }

  /**
   * Cancels all tasks that match a filter and can be cancelled, in batches: `kanthorq_task_batch`.
   *
   * Each batch is one statement and commits by itself, unless the caller has opened a transaction. Tasks locked by another
   * session are skipped. If a batch fails or the signal stops the call, the previous batches remain, and the error is a
   * {@link BulkError}: it says how many were moved, and under which id. Call the method again to continue.
   *
   * @example
   * const { updated, bulkId } = await tasks.cancelAll(
   *   'send_email',
   *   { subject: 'order.>', createdBefore: new Date('2026-01-31') },
   *   { reason: 'INC-42', onProgress: (total) => console.log(total) },
   * )
   */
  async cancelAll(consumer: ConsumerRef, filter: TaskFilter, options: CancelAllOptions = {}): Promise<BulkResult> {
    return this.#all('cancel', consumer, filter, options, cancelAllParts)
  }

  /**
   * Resumes all tasks that match a filter and can be resumed. Otherwise like {@link TaskClient.cancelAll}.
   *
   * @example
   * await tasks.resumeAll('send_email', { states: ['discarded'], error: 'smtp' }, { spread: 3_600_000 })
   */
  async resumeAll(consumer: ConsumerRef, filter: TaskFilter, options: ResumeAllOptions = {}): Promise<BulkResult> {
    return this.#all('resume', consumer, filter, options, resumeAllParts)
  }

  /**
   * Discards all stuck tasks that match a filter. Otherwise like {@link TaskClient.cancelAll}.
   *
   * @example
   * await tasks.discardAll('send_email', {}, { everything: true, reason: 'stuck' })
   */
  async discardAll(consumer: ConsumerRef, filter: TaskFilter, options: AllOptions = {}): Promise<BulkResult> {
    return this.#all('discard', consumer, filter, options, allParts)
  }

  /**
   * Reads the log of transitions for one consumer or all, newest first. A bulk call is one entry: `kanthorq_task_operations`.
   *
   * @example
   * for (const { at, actor, action, tasks: number } of await tasks.operations('send_email', { withEventIds: false }))
   *   console.log(at, actor, action, number)
   */
  async operations(consumer?: ConsumerRef, options: OperationsOptions = {}): Promise<Operation[]> {
    const args = { consumer: optionalConsumer(consumer), ...argumentsOf('options', options, operationsParts) }
    return (await this.#connection.rows<OperationRow>('kanthorq_task_operations', args)).map(operationFrom)
  }

  /**
   * Tells what happened to the task of an event, for one consumer or all, oldest first: `kanthorq_task_history`.
   *
   * @example
   * for (const { at, what, detail, actor } of await tasks.history('event_01')) console.log(at, what, detail, actor)
   */
  async history(task: TaskRef, consumer?: ConsumerRef): Promise<HistoryEntry[]> {
    const args = { event_id: eventIdArgument(task), consumer: optionalConsumer(consumer) }
    return (await this.#connection.rows<HistoryRow>('kanthorq_task_history', args)).map(historyEntryFrom)
  }

  /**
   * Lists the events that KanthorQ passed over: they match the consumer, lie behind its cursor, and have no task:
   * `kanthorq_event_missed`. {@link TaskClient.convert} makes their tasks.
   *
   * @example
   * const since = new Date(Date.now() - 3_600_000)
   * for (const { eventId, subject } of await tasks.missed('send_email', { since })) console.log(eventId, subject)
   */
  async missed(consumer: ConsumerRef, options: MissedOptions = {}): Promise<MissedEvent[]> {
    const args = { consumer: consumerArgument(consumer), ...argumentsOf('options', options, missedParts) }
    return (await this.#connection.rows<MissedEvent>('kanthorq_event_missed', args)).map(missedEventFrom)
  }

  /**
   * Makes tasks of events that have none: `kanthorq_task_convert`. They are running, and due after the visibility timeout of the
   * consumer. Returns the new tasks. Only the owner of the functions may do this.
   *
   * @example
   * const made = await tasks.convert('send_email', await tasks.missed('send_email'))
   */
  async convert(consumer: ConsumerRef, events: readonly TaskRef[]): Promise<Task[]> {
    const args = { consumer: consumerArgument(consumer), event_ids: eventIdsArgument(events) }
    return (await this.#connection.changeAll<Task>('kanthorq_task_convert', args)).map(taskFrom)
  }

  /**
   * Stops the intake of a consumer until {@link TaskClient.endHold}: new events get no tasks, and workers take no retryable or overdue
   * ones: `kanthorq_consumer_hold`. Workers still acknowledge the tasks that they have. Returns whether anything was changed.
   *
   * @example
   * await tasks.hold('send_email', { reason: 'INC-42' })
   */
  async hold(consumer: ConsumerRef, options: HoldOptions = {}): Promise<boolean> {
    const args = { consumer: consumerArgument(consumer), ...argumentsOf('options', options, holdParts) }
    return (await this.#connection.change<{ kanthorqConsumerHold: boolean }>('kanthorq_consumer_hold', args))
      .kanthorqConsumerHold
  }

  /**
   * Ends a hold: the events that came meanwhile get their tasks, and workers take tasks again: `kanthorq_consumer_release`.
   * Returns whether the consumer was held.
   *
   * @example
   * await tasks.endHold('send_email', { reason: 'INC-42 is over' })
   */
  async endHold(consumer: ConsumerRef, options: ReasonOptions = {}): Promise<boolean> {
    const args = { consumer: consumerArgument(consumer), ...argumentsOf('options', options, reasonParts) }
    const result = await this.#connection.change<{ kanthorqConsumerRelease: boolean }>('kanthorq_consumer_release', args)
    return result.kanthorqConsumerRelease
  }

  /**
   * Restores the tasks of an operation, unless they have changed since: `kanthorq_task_undo`.
   *
   * @example
   * const [operation] = await tasks.operations('send_email', { action: 'cancel', maxOperations: 1 })
   * if (operation) await tasks.undo(operation, { reason: 'the wrong consumer' })
   */
  async undo(operation: OperationId | Pick<Operation, 'id'>, options: ReasonOptions = {}): Promise<TransitionResult> {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- callers without types pass null
    const id = typeof operation === 'object' && operation !== null ? operation.id : operation
    return this.#connection.change<TransitionResult>('kanthorq_task_undo', {
      operation_id: requiredId('operation', id),
      ...argumentsOf('options', options, reasonParts),
    })
  }

  /**
   * Restores the tasks of a bulk call, unless they have changed since, newest batch first: `kanthorq_task_undo_batch`.
   * Commits each batch, like {@link TaskClient.cancelAll}. The `bulkId` of the result is that of the undo.
   *
   * @param bulkId - the `bulkId` of the call, or the id of an operation of one batch
   * @example
   * const { bulkId } = await tasks.cancelAll('send_email', { subject: 'order.>' })
   * if (bulkId !== null) await tasks.undoAll(bulkId)
   */
  async undoAll(bulkId: OperationId, options: UndoAllOptions = {}): Promise<BulkResult> {
    const args = { bulk_id: requiredId('bulkId', bulkId), ...argumentsOf('options', options, undoAllParts) }
    return this.#inBatches('kanthorq_task_undo_batch', args, options, 'undo_bulk_id')
  }

  /**
   * Deletes tasks of a consumer that were finished before a time, in batches: `kanthorq_task_purge_batch`. Only the owner may. What is
   * deleted can't be undone. Commits each batch, like {@link TaskClient.cancelAll}.
   *
   * @example
   * const finishedBefore = new Date(Date.now() - 30 * 86_400_000)
   * const { purged, kept } = await tasks.purgeTasks('send_email', finishedBefore, { preview: true })
   */
  async purgeTasks(consumer: ConsumerRef, finishedBefore: Date, options: PurgeTasksOptions = {}): Promise<PurgeResult> {
    return this.#purge('kanthorq_task_purge_batch', options, {
      consumer: consumerArgument(consumer),
      finished_before: requiredTime('finishedBefore', finishedBefore),
      ...argumentsOf('options', options, purgeTasksParts),
    })
  }

  /**
   * Deletes events of a stream that were made before a time and that no consumer can need again, in batches:
   * `kanthorq_event_purge_batch`. Otherwise like {@link TaskClient.purgeTasks}.
   *
   * @example
   * const before = new Date(Date.now() - 30 * 86_400_000)
   * const { purged, kept } = await tasks.purgeEvents('send_email_stream', before, { preview: true })
   */
  async purgeEvents(stream: string, before: Date, options: PurgeEventsOptions = {}): Promise<PurgeResult> {
    return this.#purge('kanthorq_event_purge_batch', options, {
      stream: requiredText('stream', stream),
      before: requiredTime('before', before),
      ...argumentsOf('options', options, purgeEventsParts),
    })
  }

  /**
   * Publishes one event or many to a stream, and returns their ids in the same order: `kanthorq_stream_publish_many`. With a `PoolClient`
   * inside `BEGIN` they come with that transaction.
   *
   * @example
   * const [id] = await tasks.publish('send_email_stream', { subject: 'order.created', body: JSON.stringify({ order: 42 }) })
   * const ids = await tasks.publish('send_email_stream', [
   *   { subject: 'order.created', body: Buffer.from([1, 2]), metadata: { customer: '42' } },
   *   { subject: 'order.paid', body: '' },
   * ])
   */
  async publish(stream: string, events: NewEvent | readonly NewEvent[]): Promise<string[]> {
    const args = { stream: requiredText('stream', stream), ...eventsArguments(events) }
    const row = await this.#connection.change<{ ids: string[] }>(
      'kanthorq_stream_publish_many',
      args,
      'kanthorq_stream_publish_many as ids',
    )
    return row.ids
  }

  /**
   * Gives tasks to a worker: those that are due, and new ones of events that came since the last pull: `kanthorq_task_pull`. The worker
   * holds each until `leaseUntil`, and passes it to `complete`, `fail`, `extend` or `release`.
   *
   * @example
   * for (const task of await tasks.pull('send_email', { maxTasks: 10 })) {
   *   console.log(task.subject, task.body.toString())
   *   await tasks.complete('send_email', [task])
   * }
   */
  async pull(consumer: ConsumerRef, options: PullOptions = {}): Promise<PulledTask[]> {
    const args = { consumer: consumerArgument(consumer), ...argumentsOf('options', options, pullParts) }
    return (await this.#connection.changeAll<PulledRow>('kanthorq_task_pull', args, pulledColumns)).map(pulledTaskFrom)
  }

  /**
   * Completes tasks that a worker holds: `kanthorq_task_complete`. `noop` has those that it has lost, here as in `fail`, `extend` and
   * `release`: cancelled, discarded, or pulled by another worker after their leases were over.
   *
   * @example
   * const pulled = await tasks.pull('send_email')
   * const { updated, noop } = await tasks.complete('send_email', pulled)
   */
  async complete(consumer: ConsumerRef, tasks: readonly HeldTask[]): Promise<TransitionResult> {
    return this.#report('complete', consumer, heldArguments(tasks))
  }

  /**
   * Fails tasks that a worker holds: each is tried again, or discarded when its attempts are spent: `kanthorq_task_fail`.
   *
   * @example
   * for (const task of await tasks.pull('send_email'))
   *   await tasks.fail('send_email', [{ ...task, error: new Error('smtp: mailbox full') }])
   */
  async fail(consumer: ConsumerRef, tasks: readonly FailedTask[], options: FailOptions = {}): Promise<TransitionResult> {
    return this.#report('fail', consumer, { ...failedArguments(tasks), ...argumentsOf('options', options, failParts) })
  }

  /**
   * Extends the leases of tasks, so that no other worker takes them: `kanthorq_task_extend`. This is the heartbeat of a worker. `noop`
   * has the tasks whose handlers should stop.
   *
   * @example
   * const pulled = await tasks.pull('send_email')
   * const { noop: lost } = await tasks.extend('send_email', pulled, { extendBy: 60_000 })
   */
  async extend(consumer: ConsumerRef, tasks: readonly HeldTask[], options: ExtendOptions = {}): Promise<TransitionResult> {
    return this.#report('extend', consumer, { ...heldArguments(tasks), ...argumentsOf('options', options, extendParts) })
  }

  /**
   * Gives tasks back, so that another worker takes them at once: `kanthorq_task_release`. A worker does this with what it has not handled
   * when it stops; the attempt does not count.
   *
   * @example
   * const pulled = await tasks.pull('send_email')
   * await tasks.release('send_email', pulled)
   */
  async release(consumer: ConsumerRef, tasks: readonly HeldTask[]): Promise<TransitionResult> {
    return this.#report('release', consumer, heldArguments(tasks))
  }

  /**
   * Checks the database for problems. Each finding has the SQL that repairs it: `kanthorq_doctor`.
   *
   * @example
   * for (const { severity, detail, fix } of await tasks.doctor()) console.log(severity, detail, fix)
   */
  async doctor(): Promise<Finding[]> {
    return this.#connection.rows<Finding>('kanthorq_doctor', {})
  }

  /**
   * Gives an existing role the rights of a level, and no others: `kanthorq_grant`.
   *
   * @example
   * await tasks.grant('support', 'operator')
   */
  async grant(role: string, level: RoleLevel): Promise<void> {
    const args = { role: requiredText('role', role), level: requiredText('level', level) }
    await this.#connection.change('kanthorq_grant', args, '1 as done')
  }

  /**
   * Removes all rights of a role: `kanthorq_revoke`.
   *
   * @example
   * await tasks.revoke('support')
   */
  async revoke(role: string): Promise<void> {
    await this.#connection.change('kanthorq_revoke', { role: requiredText('role', role) }, '1 as done')
  }

  #move(action: TaskAction, consumer: ConsumerRef, tasks: readonly TaskRef[], options: Record<string, Argument>) {
    const args = { consumer: consumerArgument(consumer), event_ids: eventIdsArgument(tasks), ...options }
    return this.#connection.change<TransitionResult>(`kanthorq_task_${action}`, args)
  }

  #report(report: string, consumer: ConsumerRef, args: Record<string, Argument>) {
    const all = { consumer: consumerArgument(consumer), ...args }
    return this.#connection.change<TransitionResult>(`kanthorq_task_${report}`, all)
  }

  #all<Options extends AllOptions>(
    action: TaskAction,
    consumer: ConsumerRef,
    filter: TaskFilter,
    options: Options,
    parts: Parts<Options>,
  ): Promise<BulkResult> {
    const args = {
      action: requiredText('action', action),
      consumer: consumerArgument(consumer),
      ...filterArguments(filter),
      ...argumentsOf('options', options, parts),
    }
    return this.#inBatches('kanthorq_task_batch', args, options, 'bulk_id')
  }

  async #purge(name: string, options: PurgeTasksOptions, args: Record<string, Argument>): Promise<PurgeResult> {
    let kept: PurgeResult['kept'] = {}
    const columns = 'progress::pg_catalog.text, purged as updated, skipped, total, bulk_id, kept'
    const type = '$schema.kanthorq_task_progress'
    const { updated: purged, ...result } = await inBatches(async (text) => {
      const progress = text === undefined ? undefined : { type, text }
      const batch = await this.#connection.change<Batch & Pick<PurgeResult, 'kept'>>(name, { ...args, progress }, columns)
      kept = { ...kept, ...batch.kept }
      return batch
    }, options)
    return { purged, ...result, kept }
  }

  #inBatches(name: string, args: Record<string, Argument>, options: UndoAllOptions, bulkId: string): Promise<BulkResult> {
    const columns = `progress::pg_catalog.text, updated, skipped, total, ${bulkId} as bulk_id`
    const type = '$schema.kanthorq_task_progress'
    return inBatches((text) => {
      const progress = text === undefined ? undefined : { type, text }
      return this.#connection.change<Batch>(name, { ...args, progress }, columns)
    }, options)
  }
}

/**
 * The methods of {@link TaskClient}, for parameters that take a stub in tests.
 *
 * @example
 * async function withdraw(tasks: Pick<Tasks, 'cancel'>, emails: string[]) {
 *   const { noop } = await tasks.cancel('send_email', emails, { reason: 'withdrawn' })
 *   return noop.length === 0
 * }
 * await withdraw({ cancel: async () => ({ updated: ['event_01'], noop: [] }) }, ['event_01'])
 */
export type Tasks = Pick<TaskClient, keyof TaskClient>

const reasonParts: Parts<ReasonOptions> = { reason: ['reason', textArgument] }

const explainParts: Parts<ExplainOptions> = { running: ['running', booleanArgument] }

const cancelParts: Parts<CancelOptions> = { ...reasonParts, ...explainParts }

/** Of the type kanthorq_pulled_task. The setting bytea_output has no part in it. */
const pulledColumns =
  "event_id, subject, pg_catalog.encode(body, 'base64') as body, metadata, attempt, attempt_max, lease_until, created_at"

const pullParts: Parts<PullOptions> = {
  maxTasks: ['max_tasks', intArgument],
  subjects: ['subjects', textsArgument],
  lookback: ['lookback', intervalArgument],
}

const failParts: Parts<FailOptions> = { retryAt: ['retry_at', timeArgument] }

const extendParts: Parts<ExtendOptions> = { extendBy: ['extend_by', intervalArgument] }

const holdParts: Parts<HoldOptions> = { ...reasonParts, intakeOnly: ['intake_only', booleanArgument] }

const resumeParts: Parts<ResumeOptions> = {
  ...reasonParts,
  scheduleAt: ['schedule_at', timeArgument],
  resetAttempts: ['reset_attempts', booleanArgument],
}

const findParts: Parts<FindOptions> = {
  after: ['after', textArgument],
  maxTasks: ['max_tasks', intArgument],
  oldestFirst: ['oldest_first', booleanArgument],
}

const errorsParts: Parts<ErrorsOptions> = {
  since: ['since', timeArgument],
  until: ['until', timeArgument],
  maxTasks: ['max_tasks', bigintArgument],
}
const statsParts: Parts<StatsOptions> = { estimate: ['estimate', booleanArgument] }

const ratesParts: Parts<RatesOptions> = { since: ['since', timeArgument], bucket: ['bucket', intervalArgument] }

const consumersParts: Parts<ConsumersOptions> = { maxEvents: ['max_events', intArgument] }

const pagesParts: Parts<PagesOptions> = { pageSize: intArgument, oldestFirst: booleanArgument }

const missedParts: Parts<MissedOptions> = { since: ['since', timeArgument] }

const previewParts: Parts<PreviewOptions> = { maxTasks: ['max_tasks', bigintArgument], ...explainParts }

const undoAllParts: Parts<UndoAllOptions> = {
  ...reasonParts,
  pause: (name, value) => checkDuration(name, value, day, 'a day'),
  onProgress: checkFunction,
  signal: checkSignal,
}

const allParts: Parts<AllOptions> = {
  ...undoAllParts,
  everything: ['everything', booleanArgument],
  batchSize: ['batch_size', intArgument],
  maxTasks: ['max_tasks', bigintArgument],
}

const cancelAllParts: Parts<CancelAllOptions> = { ...allParts, ...cancelParts }

const purgeParts = {
  ...undoAllParts,
  archive: ['archive', textArgument],
  preview: ['preview', booleanArgument],
  batchSize: ['batch_size', intArgument],
} as const satisfies Parts<PurgeOptions>

const purgeTasksParts: Parts<PurgeTasksOptions> = {
  ...purgeParts,
  states: ['states', textsArgument],
  maxTasks: ['max_tasks', bigintArgument],
}

const purgeEventsParts: Parts<PurgeEventsOptions> = {
  ...purgeParts,
  withMissed: ['with_missed', booleanArgument],
  maxEvents: ['max_events', bigintArgument],
}

const resumeAllParts: Parts<ResumeAllOptions> = { ...allParts, ...resumeParts, spread: ['spread', intervalArgument] }

const operationsParts: Parts<OperationsOptions> = {
  eventId: ['event_id', textArgument],
  action: ['action', textArgument],
  reason: ['reason', textArgument],
  actor: ['actor', textArgument],
  bulkId: ['bulk_id', idArgument],
  batches: ['each_batch', booleanArgument],
  withEventIds: ['with_event_ids', booleanArgument],
  before: ['before', idArgument],
  maxOperations: ['max_operations', intArgument],
}

// Callers without types may leave out anything, and pass anything.

function required(kind: (name: string, value: unknown) => Argument, name: string, value: unknown, wanted: string): Argument {
  const argument = kind(name, value)
  if (argument === undefined) throw refusal(name, value, wanted)
  return argument
}

const requiredText = (name: string, value: unknown) => required(textArgument, name, value, 'a text')

const requiredTime = (name: string, value: unknown) => required(timeArgument, name, value, 'a Date')

const requiredId = (name: string, value: unknown) => required(idArgument, name, value, 'an id')

function consumerArgument(consumer: unknown): Argument {
  const isNamed = typeof consumer === 'object' && consumer !== null && 'name' in consumer
  return required(textArgument, 'consumer', isNamed ? consumer.name : consumer, 'its name')
}

function optionalConsumer(consumer: unknown): Argument {
  return consumer === undefined ? undefined : consumerArgument(consumer)
}

function eventIdOf(task: string | { eventId?: unknown } | null | undefined) {
  return typeof task === 'string' ? task : task?.eventId
}

function eventIdArgument(task: TaskRef): Argument {
  const id = textArgument('task', eventIdOf(task))
  if (id === undefined) throw refusal('task', task, 'an event id or a task')
  return id
}

function eventIdsArgument(tasks: unknown): Argument {
  if (!Array.isArray(tasks)) throw refusal('tasks', tasks, 'an array of event ids or tasks')
  return textsArgument('tasks', Array.from(tasks, eventIdOf), 'event_ids')
}
