// The commands: each makes a call on the database and on the model, and compares what is told and what is there.
import { ok } from 'node:assert/strict'
import fc from 'fast-check'
import { agree, filterArguments, same, timestamp, type Database, type Look } from './database.ts'
import { filterKeys, lastError, matches } from './filter.ts'
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

const kanthorq = command(
  'KanthorQ',
  fc.record({
    does: fc.constantFrom(...Object.keys(of.kanthorq)),
    consumer: some.consumer,
    ids: some.ids,
    due: some.time,
  }),
  async ({ does, ids, due, ...args }, model, db) => {
    const consumer = consumerOf(model, args.consumer)
    const tasks = tasksOf(consumer, ids).flatMap((task): Task[] => {
      const becomes = of.kanthorq[does]?.(task, consumer.attemptMax, db.clock, due)
      return becomes === undefined ? [] : [{ ...task, ...becomes }]
    })
    if (tasks.length > 0) model.happened.add(`KanthorQ: ${does}`)
    await write(model, db, consumer, tasks)
  },
)

async function write(model: Model, db: Database, consumer: Consumer, tasks: Task[]): Promise<void> {
  await db.put(consumer, tasks)
  for (const task of tasks) of.change(model, consumer, task)
  agree(model, await db.look())
}

// Calls by ids, after explain has said what they will do; and undo.

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
  async ({ action, ids, reason, due, resetAttempts, ...args }, model, db) => {
    const consumer = consumerOf(model, args.consumer)
    const given = { consumer: consumer.name, event_ids: ids }
    const columns = `event_id, state, can_${action} as can, next_run_at is not null as runs`
    const explained = await db.call('kanthorq_task_explain', given, columns)
    const forResume = { schedule_at: timestamp(due), reset_attempts: resetAttempts }
    const told = await db.call(`kanthorq_task_${action}`, {
      ...given,
      reason,
      ...(action === 'resume' && forResume),
    })
    const look = await db.look()

    const can = (task: Task) => of.takes(action, consumer, task, look.to)
    const verdicts = [...new Set(ids)].map((event_id) => {
      const task = consumer.tasks.get(event_id)
      if (task === undefined) return { event_id, state: null, can: false, runs: false }
      const runs = of.isPulled(task, consumer.attemptMax)
      return { event_id, state: task.state, can: can(task), runs }
    })
    same(explained, verdicts, 'what explain says')
    const tasks = tasksOf(consumer, ids).filter(can)
    const order = { due, step: 0, before: 0, resetAttempts, from: look.from, to: look.to }
    const changes = move(model, look, consumer, action, tasks, order)
    same(told, [divide(ids, changes)], 'what the call returns')
    logged(model, look, [{ action, consumer_name: consumer.name, reason, undoes: null, changes }])
    agree(model, look)
    note(model, action, changes, ids.length)
  },
)

/** Moves the tasks as the rows say when: the call's time is the first that it wrote, and all the others have to fit. */
function move(
  model: Model,
  { from, to, tasks: rows }: Look,
  consumer: Consumer,
  action: of.Action,
  tasks: readonly Task[],
  order: Pick<Bulk, 'due' | 'step' | 'resetAttempts' | 'from' | 'to'> & { before: number },
): Changes {
  const row = (id: string) => rows.get(consumer.name)?.get(id)
  const moved = tasks.map((task) => row(task.event_id)).filter((task) => task !== undefined)
  const written = moved.flatMap((task) => [task.updated_at, task.finalized_at])
  const now = Math.min(to, ...written.filter((time) => time >= from && time <= to))
  if (action === 'resume' && moved.length > 0) {
    const times = moved.map((task) => task.schedule_at).sort((a, b) => a - b)
    const first = order.due ?? times[0] ?? NaN
    if (order.due === undefined) ok(first >= order.from && first <= order.to, 'it is due at once')
    const expected = times.map((_, n) => Math.round(first + order.step * (order.before + n)))
    same(times, expected, 'when the resumed tasks are due')
  }
  const dueAt = (id: string) => row(id)?.schedule_at ?? NaN
  return of.move(model, consumer, action, tasks, { ...order, now, dueAt })
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

const undo = command(
  'undo',
  fc.record({ back: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(40)), reason: some.reason }),
  async ({ back, reason }, model, db) => {
    const operation = model.log.at(-1 - (back % model.log.length))
    ok(operation)
    const { id: undoes, action, consumer_name, event_ids } = operation.row
    const isAgain = model.log.some(({ row }) => row.undoes === undoes)
    const told = await db.call('kanthorq_task_undo', { operation_id: undoes, reason })
    const look = await db.look()
    const changes = of.undo(model, consumerOf(model, consumer_name), operation.changes)
    same(told, [divide(event_ids, changes)], 'what undo returns')
    logged(model, look, [{ action: 'undo', consumer_name, reason, undoes, changes }])
    agree(model, look)
    note(model, action === 'undo' ? 'undo of undo' : 'undo', changes, event_ids.length)
    if (isAgain && changes.length === 0) model.happened.add('undo twice')
  },
  ({ log }) => log.length > 0,
)

type Expected = Omit<of.LogRow, 'id' | 'event_ids'> & { changes: Changes }

/** What is new in the log are these operations and no others. */
function logged(model: Model, { log }: Look, expected: readonly Expected[]): void {
  const operations = expected.filter(({ changes }) => changes.length > 0)
  same(
    log.map((row) => ({ ...row, id: '', event_ids: row.event_ids.toSorted() })),
    operations.map(({ changes, ...row }) => ({ ...row, id: '', event_ids: idsOf(changes) })),
    'what is new in the log',
  )
  for (const [n, row] of log.entries())
    model.log.push({ row, changes: operations[n]?.changes ?? [] })
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

/** A filter that the action does not refuse. */
function begin(given: of.BulkCall, consumer: Consumer, now: number): Bulk {
  const { states, ...others } = given.filter
  const taken = states?.filter((state) => of.transitions[given.action].from.includes(state)) ?? []
  return of.begin(
    { ...given, filter: taken.length > 0 ? { ...others, states: taken } : others },
    consumer,
    now,
  )
}

function bulkArguments({ action, consumer, filter, due, ...bulk }: Bulk) {
  const forResume = {
    schedule_at: timestamp(due),
    reset_attempts: bulk.resetAttempts,
    spread: `${bulk.spread} hours`,
  }
  return {
    consumer: consumer.name,
    ...filterArguments(filter),
    everything: filterKeys.every((key) => key === 'metadata' || !(key in filter)),
    batch_size: bulk.batchSize,
    max_tasks: bulk.maxTasks,
    reason: bulk.reason,
    ...(action === 'resume' && forResume),
  }
}

/** What a batch made of these tasks. It has to have been allowed to move them. */
function applyBatch(model: Model, bulk: Bulk, ids: readonly string[], look: Look): Expected {
  const { consumer, action, reason, moved, first } = bulk
  const left = (bulk.maxTasks ?? Infinity) - moved.size
  ok(ids.length <= Math.min(bulk.batchSize, left), `the batch moved ${ids.length} tasks`)
  const tasks = tasksOf(consumer, ids)
  const wrong = tasks.filter((task) => !of.mayMove(bulk, task))
  same(wrong, [], 'what the batch moved and must not')
  const order = { ...bulk, due: first, before: moved.size }
  const changes = move(model, look, consumer, action, tasks, order)
  bulk.first ??= changes.map(({ after }) => after.schedule_at).sort((a, b) => a - b)[0]
  for (const id of ids) moved.add(id)
  note(model, `${action} in bulk`, changes, 0)
  return { action, consumer_name: consumer.name, reason, undoes: null, changes }
}

/** A bulk call ends when it has moved all that it has to, or as many as it may. */
function end({ open, happened }: Model, bulk: Bulk): void {
  const { toMove, moved, maxTasks, batchSize, spread } = bulk
  if (moved.size === maxTasks) happened.add('max_tasks ended a bulk call')
  else same([...toMove.keys()], [], 'what the bulk call passed over')
  if (moved.size > batchSize) happened.add('a bulk call had several batches')
  if (moved.size > 1 && bulk.action === 'resume' && spread > 0) happened.add('tasks were spread')
  open.delete(bulk)
}

/** Makes so many batches, or fewer if the call ends before. */
async function goOn(model: Model, db: Database, bulk: Bulk, batches: number): Promise<void> {
  model.open.add(bulk)
  for (let n = 0; n < batches && model.open.has(bulk); n++) {
    ok(n < 99, 'the bulk call does not end')
    const isFirst = bulk.progress === null
    const args = { action: bulk.action, ...bulkArguments(bulk), progress: bulk.progress }
    const columns = 'progress::text, updated::integer, total::integer'
    const [row] = await db.call<{ progress: string | null }>('kanthorq_task_batch', args, columns)
    const look = await db.look()
    if (isFirst) bulk.to = look.to
    const ids = look.log.flatMap(({ event_ids }) => event_ids)
    logged(model, look, [applyBatch(model, bulk, ids, look)])
    bulk.progress = row?.progress ?? null
    const { progress, moved } = bulk
    same(row, { progress, updated: ids.length, total: moved.size }, 'what the batch returns')
    agree(model, look)
    if (progress === null) end(model, bulk)
  }
}

const batches = fc.constantFrom(1, 2, 100)

const beginBatches = command(
  'begin batches',
  fc.record({ consumer: some.consumer, bulk: some.bulk, batches }),
  async ({ consumer, bulk, batches }, model, db) => {
    await goOn(model, db, begin(bulk, consumerOf(model, consumer), db.clock), batches)
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
    const bulk = begin(given, consumerOf(model, consumer), db.clock)
    model.open.add(bulk)
    const name = `kanthorq_task_${bulk.action}_all`
    const args = { ...bulkArguments(bulk), pause: '0' }
    const [row] = await db.callProcedure<{ updated: string }>(name, args)
    const look = await db.look()
    bulk.to = look.to
    const batches = look.log.map(({ event_ids }) => applyBatch(model, bulk, event_ids, look))
    logged(model, look, batches)
    same(Number(row?.updated), bulk.moved.size, 'how many the call says it moved')
    agree(model, look)
    end(model, bulk)
  },
  ({ inTransaction }) => !inTransaction,
)

// Reading.

const find = command(
  'find',
  fc.record({
    consumer: some.consumer,
    filter: some.filter,
    after: fc.option(some.id),
    max: fc.integer({ min: 1, max: 12 }),
    isAscending: fc.boolean(),
  }),
  async ({ filter, after, max, isAscending, ...args }, model, db) => {
    const consumer = consumerOf(model, args.consumer)
    const all = [...consumer.tasks.values()]
    const given = { consumer: consumer.name, ...filterArguments(filter) }
    const page = { after, max_tasks: max, oldest_first: isAscending }
    const columns = 'event_id, state, stuck, last_error'
    const rows = await db.call('kanthorq_task_find', { ...given, ...page }, columns)
    const [counted] = await db.call<{ kanthorq_task_count: string }>('kanthorq_task_count', given)

    const found = all.filter((task) => matches(task, filter))
    const order = (a: string, b: string) => (isAscending ? 1 : -1) * (a < b ? -1 : Number(a > b))
    const shown = found
      .map((task) => ({
        event_id: task.event_id,
        state: task.state,
        stuck: of.isStuck(task, consumer.attemptMax, db.clock),
        last_error: lastError(task),
      }))
      .filter(({ event_id }) => after === null || order(after, event_id) < 0)
      .sort((a, b) => order(a.event_id, b.event_id))
    same(rows, shown.slice(0, max), 'what is found')
    same(Number(counted?.kanthorq_task_count), found.length, 'how many there are')
    for (const key of filterKeys) {
      const some = all.filter((task) => matches(task, filter, [key])).length
      if (some > 0 && some < all.length) model.happened.add(`a filter by ${key}`)
    }
  },
)

const log = command(
  'log',
  fc.record({
    consumer: fc.option(some.consumer),
    id: fc.option(some.id),
    back: fc.option(fc.nat(10)),
    max: fc.integer({ min: 1, max: 8 }),
  }),
  async ({ consumer: which, id, back, max }, model, db) => {
    const consumer = which === null ? null : consumerOf(model, which).name
    const before = back === null ? null : (model.log.at(-1 - back)?.row.id ?? null)
    const rows = await db.log({ consumer, event_id: id, before, max_operations: max })
    const shown = model.log
      .map(({ row }) => row)
      .filter(({ consumer_name: name }) => consumer === null || name === consumer)
      .filter(({ event_ids }) => id === null || event_ids.includes(id))
      .filter((row) => before === null || BigInt(row.id) < BigInt(before))
    same(rows, shown.toReversed().slice(0, max), 'what the log shows')
  },
)

/** Any command, each as often as it is worth. */
export const anything = fc.oneof(
  { weight: 2, arbitrary: make },
  { weight: 6, arbitrary: kanthorq },
  { weight: 6, arbitrary: byIds },
  { weight: 4, arbitrary: undo },
  { weight: 4, arbitrary: beginBatches },
  { weight: 2, arbitrary: nextBatches },
  { weight: 3, arbitrary: all },
  { weight: 3, arbitrary: find },
  { weight: 1, arbitrary: log },
)

/** What happens in a long test. */
export const expected = [
  ...actions.flatMap((action) => [
    `${action} moved tasks`,
    `${action} left tasks`,
    `${action} in bulk moved tasks`,
  ]),
  ...['undo', 'undo of undo'].flatMap((call) => [`${call} moved tasks`, `${call} left tasks`]),
  ...Object.keys(of.kanthorq).map((does) => `KanthorQ: ${does}`),
  ...filterKeys.map((key) => `a filter by ${key}`),
  'undo twice',
  'updated_at was ahead',
  'resume lowered attempts',
  'resume reset attempts',
  'a bulk call went on',
  'a bulk call had several batches',
  'max_tasks ended a bulk call',
  'tasks were spread',
]
