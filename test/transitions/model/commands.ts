// The commands: each makes a call on the database and on the model, and compares what is told and what is there.
import { ok } from 'node:assert/strict'
import fc from 'fast-check'
import { agree, same, type Database, type Look } from './database.ts'
import * as of from './model.ts'
import { actions, type Bulk, type Changes, type Consumer, type Model, type Task } from './model.ts'
import * as some from './values.ts'

type Command = fc.AsyncCommand<Model, Database>

/** A command with arguments at random, which the report of a failure shows. */
function command<Args extends object>(
  name: string,
  args: fc.Arbitrary<Args>,
  run: (args: Args, model: Model, db: Database) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): fc.Arbitrary<Command> {
  return args.map((given) => ({
    check,
    run: (model, db) => run(given, model, db),
    toString: () => `${name} ${JSON.stringify(given)}`,
  }))
}

function consumerOf({ consumers }: Model, which: number | string): Consumer {
  const found = consumers.find(({ name }, n) => n === which || name === which)
  ok(found)
  return found
}

function tasksOf({ tasks }: Consumer, ids: readonly string[]): Task[] {
  return [...new Set(ids)].map((id) => tasks.get(id)).filter((task) => task !== undefined)
}

// KanthorQ makes tasks, and its workers change them.

export const make = command(
  'make',
  fc.record({ consumer: some.consumer, tasks: some.tasks }),
  async (args, model, db) => {
    const consumer = consumerOf(model, args.consumer)
    const tasks = args.tasks
      .filter((task) => !consumer.tasks.has(task.event_id))
      .map((task): Task => {
        const isFinal = ['discarded', 'cancelled', 'completed'].includes(task.state)
        const created_at = task.created_at === 'now' ? db.clock : task.created_at
        return { ...task, created_at, finalized_at: isFinal ? task.finalized_at : 0 }
      })
    await write(model, db, consumer, tasks)
  },
)

interface Work {
  does: string
  consumer: number
  ids: readonly string[]
  due: number
}

async function work({ does, ids, due, ...args }: Work, model: Model, db: Database): Promise<void> {
  const consumer = consumerOf(model, args.consumer)
  const tasks = tasksOf(consumer, ids).flatMap((task): Task[] => {
    const becomes = of.kanthorq[does]?.(task, consumer.attemptMax, db.clock, due)
    return becomes === undefined ? [] : [{ ...task, ...becomes }]
  })
  if (tasks.length > 0) model.happened.add(`KanthorQ: ${does}`)
  await write(model, db, consumer, tasks)
}

const kanthorq = command(
  'KanthorQ',
  fc.record({
    does: fc.constantFrom(...Object.keys(of.kanthorq)),
    consumer: some.consumer,
    ids: some.ids,
    due: some.time,
  }),
  work,
)

async function write(model: Model, db: Database, consumer: Consumer, tasks: Task[]): Promise<void> {
  await db.put(consumer, tasks)
  for (const task of tasks) of.change(consumer, task)
  agree(model, await db.look())
}

// Calls by ids, and undo.

interface ByIds {
  action: of.Action
  consumer: number
  ids: readonly string[]
  reason: string | null
  due: number | undefined
  resetAttempts: boolean
}

async function callByIds(
  { action, ids, reason, due, resetAttempts, ...args }: ByIds,
  model: Model,
  db: Database,
): Promise<void> {
  const consumer = consumerOf(model, args.consumer)
  const given = { consumer: consumer.name, event_ids: ids }
  const forResume = { schedule_at: some.timestamp(due), reset_attempts: resetAttempts }
  const told = await db.call(`kanthorq_task_${action}`, {
    ...given,
    reason,
    ...(action === 'resume' && forResume),
  })
  const look = await db.look()

  const tasks = tasksOf(consumer, ids).filter((task) => of.takes(action, consumer, task, look.to))
  const order = { due, step: 0, before: 0, resetAttempts }
  const changes = move(look, consumer, action, tasks, order)
  same(told, [divide(ids, changes)], 'what the call returns')
  logged(model, look, [{ action, consumer_name: consumer.name, reason, undoes: null, changes }])
  agree(model, look)
  note(model, action, changes, ids.length)
}

const byIds = command(
  'by ids',
  fc.record({
    action: fc.constantFrom(...actions),
    consumer: some.consumer,
    ids: some.ids,
    reason: some.reason,
    due: some.due,
    resetAttempts: fc.boolean(),
  }),
  callByIds,
)

/** Moves the tasks. The call's time is the first that it wrote, and all the others have to fit. */
function move(
  { from, to, tasks: rows }: Look,
  consumer: Consumer,
  action: of.Action,
  tasks: readonly Task[],
  { due, ...order }: Omit<of.Order, 'now' | 'due'> & { due: number | undefined },
): Changes {
  const moved = tasks.map((task) => rows.get(consumer.name)?.get(task.event_id))
  const written = moved.flatMap((task) => {
    const isDueNow = action === 'resume' && due === undefined
    return task ? [task.updated_at, task.finalized_at, isDueNow ? task.schedule_at : 0] : []
  })
  const now = Math.min(to, ...written.filter((time) => time >= from && time <= to))
  return of.move(consumer, action, tasks, { ...order, now, due: due ?? now })
}

/** Each distinct id once, in the order in which the ids were given. */
function divide(ids: readonly string[], changes: Changes) {
  const [distinct, moved] = [[...new Set(ids)], idsOf(changes)]
  return {
    updated: distinct.filter((id) => moved.includes(id)),
    noop: distinct.filter((id) => !moved.includes(id)),
  }
}

function idsOf(changes: Changes): string[] {
  return changes.map(({ after }) => after.event_id).sort()
}

async function undoOperation(
  { back, reason, isWhole }: { back: number; reason: string | null; isWhole?: boolean },
  model: Model,
  db: Database,
): Promise<void> {
  const picked = model.log.at(-1 - (back % model.log.length))
  const bulkId = isWhole ? picked?.row.bulk_id : null
  const operation = model.log.find(({ row }) => row.id === bulkId) ?? picked
  ok(operation)
  const { id, action, consumer_name, event_ids } = operation.row
  const consumer = consumerOf(model, consumer_name)
  const isAgain = model.log.some(({ row }) => row.undoes === id)
  // Of a bulk, the first batch stands for all of it, and the newest goes first.
  const batches = model.log.filter(({ row }) => row.id === id || row.bulk_id === id).reverse()
  const told = await (batches.length > 1
    ? undoBulk(model, db, { bulk_id: id, reason })
    : db.call('kanthorq_task_undo', { operation_id: id, reason }))
  const look = await db.look()
  const undone = batches.map(({ row: { id: undoes }, changes }) => {
    const back = of.undo(consumer, changes)
    return { action: 'undo', consumer_name, reason, undoes, changes: back }
  })
  const first = logged(model, look, undone)
  const changes = undone.flatMap((one) => one.changes)
  const asked = batches.flatMap(({ row }) => row.event_ids).length
  const [updated, skipped] = [changes.length, asked - changes.length]
  const isBulk = batches.length > 1
  const end = model.inTransaction && { progress: null }
  const bulk = {
    ...end,
    updated: `${updated}`,
    skipped: `${skipped}`,
    undo_bulk_id: first ?? null,
  }
  same(told, [isBulk ? bulk : divide([...event_ids].sort(), changes)], 'what undo returns')
  agree(model, look)
  note(
    model,
    action === 'undo' ? 'undo of undo' : isBulk ? 'undo of a bulk' : 'undo',
    changes,
    asked,
  )
  if (isAgain && changes.length === 0) model.happened.add('undo twice')
}

const undo = command(
  'undo',
  fc.record({
    back: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(40)),
    reason: some.reason,
    /** Whether the bulk is undone, where it is a batch of one. */
    isWhole: fc.boolean(),
  }),
  undoOperation,
  ({ log }) => log.length > 0,
)

/** Resumes the same tasks twice, with an undo or with work in between, and undoes the first: it looks like the second. */
const again = command(
  'again',
  fc.record({
    consumer: some.consumer,
    ids: fc.constant(some.eventIds),
    due: some.time,
    resetAttempts: fc.boolean(),
    isUndone: fc.boolean(),
  }),
  async ({ isUndone, ...args }, model, db) => {
    const call = { ...args, reason: null }
    const index = model.log.length
    await callByIds({ ...call, action: 'resume' }, model, db)
    if (model.log.length === index) return
    if (isUndone) await undoOperation({ back: 0, reason: null }, model, db)
    else {
      await work({ ...args, does: 'fail' }, model, db)
      await callByIds({ ...call, action: 'cancel' }, model, db)
    }
    await callByIds({ ...call, action: 'resume' }, model, db)
    await undoOperation({ back: model.log.length - 1 - index, reason: null }, model, db)
  },
)

interface Undone extends Record<string, unknown> {
  progress: string | null
}

/** By the procedure; or in a transaction, where it can't commit, batch by batch. */
async function undoBulk(model: Model, db: Database, args: Record<string, unknown>) {
  const name = 'kanthorq_task_undo_all'
  if (!model.inTransaction) return db.callProcedure<Undone>(name, { ...args, pause: '0' })
  const columns = 'progress::text, total as updated, skipped, undo_bulk_id'
  let progress: string | null = null
  for (;;) {
    const given: Record<string, unknown> = { ...args, progress }
    const rows = await db.call<Undone>('kanthorq_task_undo_batch', given, columns)
    progress = rows[0]?.progress ?? null
    if (progress === null) return rows
  }
}

type Expected = Omit<of.LogRow, 'id' | 'event_ids' | 'bulk_id'> & { changes: Changes }

/** What is new in the log are these operations and no others. Returns the id of their bulk: of the first of them. */
function logged(
  model: Model,
  { log }: Look,
  expected: readonly Expected[],
  bulkId = log[0]?.id,
): string | undefined {
  const operations = expected.filter(({ changes }) => changes.length > 0)
  same(
    log.map((row) => ({ ...row, id: '', bulk_id: '' })),
    operations.map(({ changes, ...row }) => ({
      ...row,
      id: '',
      bulk_id: '',
      event_ids: idsOf(changes),
    })),
    'what is new in the log',
  )
  for (const [n, row] of log.entries()) {
    const changes = operations[n]?.changes ?? []
    model.log.push({
      row: { ...row, bulk_id: row.id === bulkId ? null : (bulkId ?? null) },
      changes,
    })
  }
  same(
    log.map(({ bulk_id }) => bulk_id),
    model.log.slice(model.log.length - log.length).map(({ row }) => shown(model, row).bulk_id),
    'the bulk in the log',
  )
  return bulkId
}

/** An operation as the log shows it: the first of a bulk has the bulk's id as soon as there is a second. */
function shown({ log }: Model, row: of.LogRow): of.LogRow {
  const isFirst = log.some((other) => other.row.bulk_id === row.id)
  return isFirst ? { ...row, bulk_id: row.id } : row
}

function note({ happened }: Model, call: string, changes: Changes, asked: number): void {
  if (changes.length > 0) happened.add(`${call} moved tasks`)
  if (changes.length < asked) happened.add(`${call} left tasks`)
  for (const { before, after } of changes) {
    if (after.updated_at === before.updated_at + 1) happened.add('updated_at was ahead')
    if (call === 'resume' && after.attempt_count < before.attempt_count)
      happened.add(after.attempt_count > 0 ? 'resume lowered attempts' : 'resume reset attempts')
  }
}

// Calls by filter: batches, also with other commands in between, and the procedures that loop.

/** Begins a bulk call, without states of which the action takes none: it refuses them. */
function begin({ happened }: Model, given: of.BulkCall, consumer: Consumer, now: number): Bulk {
  const { from } = of.transitions[given.action]
  for (const { args, matches } of given.filter) {
    const some = [...consumer.tasks.values()].filter(matches).length
    if (some > 0 && some < consumer.tasks.size)
      happened.add(`a filter by ${Object.keys(args).join()}`)
  }
  const filter = given.filter.filter(({ args: { states } }) => {
    return !Array.isArray(states) || states.some((state) => from.some((one) => one === state))
  })
  return of.begin({ ...given, filter }, consumer, now)
}

function argumentsOf(filter: of.Filter): Record<string, unknown> {
  return Object.assign({}, ...filter.map(({ args }) => args)) as Record<string, unknown>
}

function bulkArguments({ action, consumer, filter, due, ...bulk }: Bulk) {
  const forResume = {
    schedule_at: some.timestamp(due),
    reset_attempts: bulk.resetAttempts,
    spread: `${bulk.spread} hours`,
  }
  return {
    consumer: consumer.name,
    ...argumentsOf(filter),
    everything: filter.length === 0,
    batch_size: bulk.batchSize,
    max_tasks: bulk.maxTasks,
    reason: bulk.reason,
    ...(action === 'resume' && forResume),
  }
}

/** Makes the next batch in the model. When the first resumed task is due, its row says. */
function applyBatch(model: Model, bulk: Bulk, look: Look): Expected {
  const { consumer, action, reason, moved: before } = bulk
  const tasks = of.nextBatch(bulk, look.to)
  const first = look.tasks.get(consumer.name)?.get(tasks[0]?.event_id ?? '')
  if (action === 'resume' && bulk.due === undefined && first !== undefined) {
    bulk.due = first.schedule_at
    ok(bulk.due >= look.from && bulk.due <= look.to, 'it is due at once')
  }
  const changes = move(look, consumer, action, tasks, { ...bulk, before })
  note(model, `${action} in bulk`, changes, 0)
  return { action, consumer_name: consumer.name, reason, undoes: null, changes }
}

/** Notes what has been tried when a bulk call ends. */
function end({ open, happened }: Model, bulk: Bulk): void {
  const { moved, maxTasks, batchSize, spread } = bulk
  if (moved === maxTasks) happened.add('max_tasks ended a bulk call')
  if (moved > batchSize) happened.add('a bulk call had several batches')
  if (moved > 1 && bulk.action === 'resume' && spread > 0) happened.add('tasks were spread')
  open.delete(bulk)
}

interface Batch {
  progress: string | null
  updated: number
}

/** Makes so many batches, or fewer if the call ends before. */
async function goOn(model: Model, db: Database, bulk: Bulk, batches: number): Promise<void> {
  model.open.add(bulk)
  // What the model finds out is not for the call.
  const given = bulk.given ?? bulkArguments(bulk)
  bulk.given = given
  for (let n = 0; n < batches && model.open.has(bulk); n++) {
    const args = { action: bulk.action, ...given, progress: bulk.progress }
    const columns = 'progress::text, updated::integer, skipped::integer, total::integer, bulk_id'
    const [row] = await db.call<Batch>('kanthorq_task_batch', args, columns)
    const look = await db.look()
    const batch = applyBatch(model, bulk, look)
    bulk.bulkId = logged(model, look, [batch], bulk.bulkId ?? undefined) ?? null
    bulk.progress = row?.progress ?? null
    const { progress, moved: total, bulkId: bulk_id } = bulk
    const updated = batch.changes.length
    same(row, { progress, updated, skipped: 0, total, bulk_id }, 'what the batch returns')
    same(progress === null, bulk.isOver, 'whether it was the last batch')
    agree(model, look)
    if (bulk.isOver) end(model, bulk)
  }
}

const batches = fc.constantFrom(1, 2, 100)

const beginBatches = command(
  'begin batches',
  fc.record({ consumer: some.consumer, bulk: some.bulk, batches }),
  async ({ consumer, bulk, batches }, model, db) => {
    await goOn(model, db, begin(model, bulk, consumerOf(model, consumer), db.clock), batches)
  },
)

const nextBatches = command(
  'next batches',
  fc.record({ nth: fc.nat(3), batches }),
  async ({ nth, batches }, model, db) => {
    const bulk = [...model.open].at(-1 - (nth % model.open.size))
    ok(bulk)
    model.happened.add('a bulk call went on')
    await goOn(model, db, bulk, batches)
  },
  ({ open }) => open.size > 0,
)

const all = command(
  'all',
  fc.record({ consumer: some.consumer, bulk: some.bulk }),
  async ({ consumer, bulk: given }, model, db) => {
    const bulk = begin(model, given, consumerOf(model, consumer), db.clock)
    const name = `kanthorq_task_${bulk.action}_all`
    const told = await db.callProcedure(name, { ...bulkArguments(bulk), pause: '0' })
    const look = await db.look()
    const batches: Expected[] = []
    while (!bulk.isOver) batches.push(applyBatch(model, bulk, look))
    const bulk_id = logged(model, look, batches) ?? null
    same(told, [{ updated: `${bulk.moved}`, skipped: '0', bulk_id }], 'what the call returns')
    agree(model, look)
    end(model, bulk)
  },
  ({ inTransaction }) => !inTransaction,
)

/** Any command, each as often as it is worth. */
export const anything = fc.oneof(
  { weight: 2, arbitrary: make },
  { weight: 6, arbitrary: kanthorq },
  { weight: 6, arbitrary: byIds },
  { weight: 4, arbitrary: undo },
  { weight: 3, arbitrary: again },
  { weight: 4, arbitrary: beginBatches },
  { weight: 2, arbitrary: nextBatches },
  { weight: 3, arbitrary: all },
)

/** What happens in a long test. */
export const expected = [
  ...actions.flatMap((action) => [
    `${action} moved tasks`,
    `${action} left tasks`,
    `${action} in bulk moved tasks`,
  ]),
  ...['undo', 'undo of undo', 'undo of a bulk'].flatMap((call) => [
    `${call} moved tasks`,
    `${call} left tasks`,
  ]),
  ...Object.keys(of.kanthorq).map((does) => `KanthorQ: ${does}`),
  ...some.filterKeys.map((key) => `a filter by ${key}`),
  'undo twice',
  'updated_at was ahead',
  'resume lowered attempts',
  'resume reset attempts',
  'a bulk call went on',
  'a bulk call had several batches',
  'max_tasks ended a bulk call',
  'tasks were spread',
]
