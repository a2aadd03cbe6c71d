// The commands: each makes a call on the database and on the model, and compares what is told and what is there.
import { ok } from 'node:assert/strict'
import fc from 'fast-check'
import { TaskClient } from 'kanthorq-tasks'
import { same, type Database, type Look } from './database.ts'
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

interface Expected {
  action: string
  consumer: Consumer
  reason: string | null
  undoes: string | null
  changes: Changes
}

interface Prediction {
  /** Those that change nothing are not logged. */
  operations?: readonly Expected[]
  /** What changes without a row in the log. */
  changes?: Changes
  /** The bulk that they go on with; without it, the first of them is the first of a bulk. */
  bulkId?: string | null
  returns?: (bulkId: string | null) => unknown
}

/** Makes the call on both, and compares what it returns, what it has logged, and all columns of all tasks. */
async function check(
  model: Model,
  db: Database,
  what: string,
  call: () => Promise<unknown>,
  predict: (look: Look) => Prediction,
): Promise<void> {
  const told = await call()
  const look = await db.look()
  const { operations = [], changes: unlogged = [], bulkId = null, returns } = predict(look)
  const logged = operations.filter(({ changes }) => changes.length > 0)
  const [first] = look.log
  const rows = logged.map(({ consumer, changes, ...row }, n) => ({
    ...row,
    id: look.log[n]?.id,
    consumer_name: consumer.name,
    // A bulk is one as soon as there is a second batch.
    bulk_id: bulkId ?? (logged.length > 1 ? first?.id : null),
    event_ids: idsOf(changes),
  }))
  same(look.log, rows, 'what is new in the log')
  const bulk = bulkId ?? first?.id ?? null
  for (const [n, { action, consumer, changes }] of logged.entries()) {
    const id = look.log[n]?.id ?? ''
    model.log.push({ id, action, consumer, changes, bulk: bulk ?? id })
  }
  same(told, returns?.(bulk), 'what the call returns')
  for (const { name, tasks } of model.consumers) same(look.tasks.get(name), tasks, `the tasks of ${name}`)
  if (logged.length + unlogged.length > 0) model.happened.add(what)
}

function idsOf(changes: Changes): string[] {
  return changes.map(({ after }) => after.event_id).sort()
}

/** Each distinct id once, in the order in which the ids were given. */
function divide(ids: readonly string[], changes: Changes) {
  const [distinct, moved] = [[...new Set(ids)], idsOf(changes)]
  return {
    updated: distinct.filter((id) => moved.includes(id)),
    noop: distinct.filter((id) => !moved.includes(id)),
  }
}

function consumerOf({ consumers }: Model, nth: number): Consumer {
  const consumer = consumers[nth]
  ok(consumer)
  return consumer
}

function tasksOf({ tasks }: Consumer, ids: readonly string[]): Task[] {
  return [...new Set(ids)].map((id) => tasks.get(id)).filter((task) => task !== undefined)
}

// KanthorQ makes tasks, and its workers change them.

async function write(model: Model, db: Database, consumer: Consumer, tasks: Task[]): Promise<void> {
  const put = () => db.put(consumer, tasks)
  await check(model, db, 'KanthorQ', put, () => {
    for (const task of tasks) of.change(consumer, task)
    return {}
  })
}

export const make = command('make', fc.record({ consumer: some.consumer, tasks: some.tasks }), async (args, model, db) => {
  const consumer = consumerOf(model, args.consumer)
  const tasks = args.tasks
    .filter((task) => !consumer.tasks.has(task.event_id))
    .map((task): Task => {
      const isFinal = ['discarded', 'cancelled', 'completed'].includes(task.state)
      const created_at = task.created_at === 'now' ? db.clock : task.created_at
      return { ...task, created_at, finalized_at: isFinal ? task.finalized_at : 0 }
    })
  await publish({ ...args, ids: tasks.map(({ event_id: id }) => id).filter((id) => id < 'event_10') }, model, db)
  await write(model, db, consumer, tasks)
})

async function work(args: some.Of<typeof some.work>, model: Model, db: Database): Promise<void> {
  const { does, ids, due } = args
  const consumer = consumerOf(model, args.consumer)
  const tasks = tasksOf(consumer, ids).flatMap((task): Task[] => {
    const becomes = of.kanthorq[does]?.(task, consumer.attemptMax, db.clock, due)
    return becomes === undefined ? [] : [{ ...task, ...becomes }]
  })
  await write(model, db, consumer, tasks)
}

// Our workers. What they do is not logged.

async function publish(args: some.Of<typeof some.publish>, model: Model, db: Database): Promise<void> {
  const consumer = consumerOf(model, args.consumer)
  const ids = [...new Set(args.ids)].filter((id) => !consumer.events.has(id))
  await db.publish(consumer.name, ids.map(some.eventOf))
  for (const id of ids) consumer.events.add(id)
}

const pulledColumns = `event_id, subject, body::text as body, metadata, attempt, attempt_max,
  (extract(epoch from lease_until) * 1000)::float8 as lease, (extract(epoch from created_at) * 1000)::float8 as created`

async function pullTasks(args: some.Of<typeof some.pull>, model: Model, db: Database): Promise<void> {
  const consumer = consumerOf(model, args.consumer)
  const { maxTasks, subject, looksBack } = args
  const pull = { maxTasks, looksBack, matches: (text: string) => subject?.[1].test(text) ?? true }
  const given = {
    consumer: consumer.name,
    max_tasks: maxTasks,
    subjects: subject && [subject[0]],
    lookback: looksBack ? undefined : '0',
  }
  const call = () => db.call('kanthorq_task_pull', given, pulledColumns)
  await check(model, db, 'pull', call, (look) => {
    const rows = look.tasks.get(consumer.name)
    const claims = claim(consumer, pull, look)
    const held = claims.filter(({ after: { state } }) => state === 'running')
    const isTaken = (id: string) => pull.matches(some.eventOf(id).subject)
    const begun = of.beginnable(consumer, isTaken, pull, maxTasks - held.length).map((id): Task => {
      const { subject, metadata } = some.eventOf(id)
      const row = rows?.get(id)
      // A task that is made says when; another worker may take the ones that this one does not.
      const now = (row?.schedule_at ?? NaN) - (pull.matches(subject) ? of.lease : 0)
      ok(now >= look.from && now <= look.to, 'the lease of a new task')
      const { schedule_at = NaN, created_at = NaN } = row ?? {}
      const never = { finalized_at: 0, attempt_count: 0, attempted_at: 0, attempted_error: [] }
      return { event_id: id, subject, state: 'running', schedule_at, ...never, metadata, created_at, updated_at: created_at }
    })
    for (const task of begun) of.change(consumer, task)
    const pulled = [...held.map(({ after }) => after), ...begun.filter((task) => pull.matches(task.subject))]
    const returns = () =>
      pulled.map(({ event_id, subject, metadata, attempt_count: attempt, schedule_at: lease }) => {
        const { body } = some.eventOf(event_id)
        return { event_id, subject, body, metadata, attempt, attempt_max: consumer.attemptMax, lease, created: 1000 }
      })
    return { changes: [...claims, ...begun.map((task) => ({ before: task, after: task }))], returns }
  })
}

/** What a pull has claimed in the database: of tasks that are due at the same time it may choose. */
function claim(consumer: Consumer, pull: of.Pull, { from, to, tasks }: Look): Changes {
  const rows = tasks.get(consumer.name)
  const isTaken = (task: Task) => rows?.get(task.event_id)?.attempt_count !== task.attempt_count
  let room = pull.maxTasks
  // Failed ones first. A task whose event is gone takes no room, because it is not pulled.
  const taken = (['retryable', 'running'] as const).flatMap((state) => {
    const due = of.sorted(consumer).filter((task) => task.state === state && of.isDue(consumer, task, pull, to))
    const [some, left] = [due.filter(isTaken), due.filter((task) => !isTaken(task))]
    same(some.length, Math.min(due.length, room), 'how many are claimed')
    for (const a of some) for (const b of left) ok(a.schedule_at <= b.schedule_at, 'the oldest first')
    room -= some.filter(({ event_id }) => consumer.events.has(event_id)).length
    return some
  })
  return taken.map((before) => {
    const row = rows?.get(before.event_id)
    const now = Math.min(Math.max(row?.attempted_at ?? NaN, from), to)
    const { becomes, ...range } = of.claimed(consumer, before, now)
    const lease = row?.schedule_at ?? NaN
    const after = { ...becomes, schedule_at: Math.min(Math.max(lease, range.from), range.to) }
    of.change(consumer, after)
    return { before, after }
  })
}

async function report(args: some.Of<typeof some.report>, model: Model, db: Database): Promise<void> {
  const { does, ids, due, attempts: offsets } = args
  const consumer = consumerOf(model, args.consumer)
  const attempts =
    offsets && ids.map((id, n) => (consumer.tasks.get(id)?.attempt_count ?? 0) + (offsets[n % offsets.length] ?? 0))
  const given = {
    consumer: consumer.name,
    event_ids: ids,
    attempts,
    ...(does === 'fail' && { errors: ids.map(() => 'no'), retry_at: due === undefined ? undefined : some.timestamp(due) }),
  }
  const call = () => db.call(`kanthorq_task_${does}`, given, '*')
  await check(model, db, does, call, (look) => {
    const changes = tasksOf(consumer, ids).flatMap((before) => {
      const attempt = attempts?.[ids.indexOf(before.event_id)] ?? before.attempt_count
      const report = of.reports[does]
      if (report === undefined || before.state !== 'running' || before.attempt_count !== attempt) return []
      const row = look.tasks.get(consumer.name)?.get(before.event_id)
      const written = [row?.finalized_at, row?.schedule_at, (row?.schedule_at ?? 0) - of.lease, row?.attempted_error.at(-1)?.at]
      const now = written.find((time = 0) => time >= look.from && time <= look.to) ?? look.from
      const after = { ...before, ...report(before, consumer.attemptMax, { now, due }) }
      of.change(consumer, after)
      return [{ before, after }]
    })
    return { changes, returns: () => [divide(ids, changes)] }
  })
}

// Calls by ids, and undo.

type ByIds = some.Of<typeof some.byIds>

async function callByIds(args: ByIds, model: Model, db: Database): Promise<void> {
  const { action, ids, reason, due, resetAttempts, running } = args
  const consumer = consumerOf(model, args.consumer)
  const given = { consumer: consumer.name, event_ids: ids, reason, ...forResume(args), ...forCancel(args) }
  const call = () => db.call(`kanthorq_task_${action}`, given, '*')
  await check(model, db, action, call, (look) => {
    const tasks = tasksOf(consumer, ids).filter((task) => of.takes(action, consumer, task, look.to, running))
    if (tasks.some(({ state }) => action === 'cancel' && state === 'running')) model.happened.add('cancel of running')
    const changes = move(look, consumer, action, tasks, { due, step: 0, before: 0, resetAttempts })
    return {
      operations: [{ action, consumer, reason, undoes: null, changes }],
      returns: () => [divide(ids, changes)],
    }
  })
}

function forResume({ action, due, resetAttempts }: Pick<ByIds, 'action' | 'due' | 'resetAttempts'>) {
  const schedule_at = due === undefined ? undefined : some.timestamp(due)
  return action === 'resume' ? { schedule_at, reset_attempts: resetAttempts } : {}
}

function forCancel({ action, running }: Pick<ByIds, 'action' | 'running'>) {
  return action === 'cancel' ? { running } : {}
}

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

async function undoOperation({ back, reason, isWhole }: some.Of<typeof some.undo>, model: Model, db: Database): Promise<void> {
  const picked = model.log.at(-1 - (back % model.log.length))
  ok(picked)
  const bulk = model.log.filter((operation) => operation.bulk === picked.bulk)
  // Of a bulk, the first batch stands for all of it, and the newest goes first.
  const undone = isWhole || picked === bulk[0] ? bulk.reverse() : [picked]
  const ids = undone.flatMap(({ changes }) => idsOf(changes))
  const isBulk = undone.length > 1
  const call = isBulk
    ? () => new TaskClient(db.session).undoAll(picked.bulk, { reason: reason ?? undefined, pause: 0 })
    : () => db.call('kanthorq_task_undo', { operation_id: picked.id, reason }, '*')
  const what = picked.action === 'undo' ? 'undo of undo' : isBulk ? 'undo of a bulk' : 'undo'
  await check(model, db, what, call, () => {
    const operations = undone.map((operation) => {
      const { id: undoes, consumer } = operation
      return { action: 'undo', consumer, reason, undoes, changes: of.undo(operation) }
    })
    const changes = operations.flatMap((operation) => operation.changes)
    const [updated, skipped] = [changes.length, ids.length - changes.length]
    const returns = (bulkId: string | null) => (isBulk ? { updated, skipped, bulkId } : [divide(ids, changes)])
    return { operations, returns }
  })
  // An undo of the first batch ends a bulk that has more batches to come.
  if (undone.some(({ id }) => id === picked.bulk))
    for (const open of model.open) if (open.bulkId === picked.bulk) open.isOver = true
}

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
    const call = { ...args, reason: null, running: false }
    const undo = (back: number) => undoOperation({ back, reason: null, isWhole: false }, model, db)
    const index = model.log.length
    await callByIds({ ...call, action: 'resume' }, model, db)
    if (model.log.length === index) return
    if (isUndone) await undo(0)
    else {
      await work({ ...args, does: 'fail' }, model, db)
      await callByIds({ ...call, action: 'cancel' }, model, db)
    }
    await callByIds({ ...call, action: 'resume' }, model, db)
    await undo(model.log.length - 1 - index)
  },
)

// Calls by filter: find, batches, also with other commands in between, and the procedures that loop.

function argumentsOf(consumer: Consumer, filter: readonly of.Part[]): Record<string, unknown> {
  return Object.assign({ consumer: consumer.name }, ...filter.map(({ args }) => args)) as object as Record<string, unknown>
}

const find = command(
  'find',
  fc.record({ consumer: some.consumer, filter: some.filter }),
  async ({ filter, ...args }, model, db) => {
    const consumer = consumerOf(model, args.consumer)
    const given = { ...argumentsOf(consumer, filter), oldest_first: true }
    const found = await db.call<{ event_id: string }>('kanthorq_task_find', given, 'event_id')
    const expected = of.matching(consumer, filter).map(({ event_id }) => ({ event_id }))
    same(found, expected, 'what it finds')
  },
)

/** Begins a bulk call, without states of which the action takes none: it refuses them. */
function begin({ spread, ...given }: some.Of<typeof some.bulk>, model: Model, db: Database): Bulk {
  const consumer = consumerOf(model, given.consumer)
  const { from } = of.transitions[given.action]
  const filter = given.filter.filter(({ args: { states } }) => {
    return !Array.isArray(states) || states.some((state) => from.some((one) => one === state))
  })
  const args = {
    ...argumentsOf(consumer, filter),
    everything: filter.length === 0,
    batch_size: given.batchSize,
    max_tasks: given.maxTasks,
    reason: given.reason,
    ...forResume(given),
    ...forCancel(given),
    ...(given.action === 'resume' && { spread: `${spread} hours` }),
  }
  const start = of.begin({ ...given, filter }, consumer, spread * 3_600_000, db.clock)
  return { ...given, filter, consumer, args, ...start }
}

/** Makes the next batch in the model. When the first resumed task is due, its row says. */
function applyBatch(bulk: Bulk, look: Look): Expected {
  const { consumer, action, reason, moved: before } = bulk
  const tasks = of.nextBatch(bulk, look.to)
  const first = look.tasks.get(consumer.name)?.get(tasks[0]?.event_id ?? '')
  if (action === 'resume' && bulk.due === undefined && first !== undefined) {
    bulk.due = first.schedule_at
    ok(bulk.due >= look.from && bulk.due <= look.to, 'it is due at once')
  }
  const changes = move(look, consumer, action, tasks, { ...bulk, before })
  return { action, consumer, reason, undoes: null, changes }
}

/** Makes so many batches, or fewer if the call ends before. */
async function goOn(model: Model, db: Database, bulk: Bulk, batches: number): Promise<void> {
  const { action } = bulk
  model.open.add(bulk)
  for (let n = 0; n < batches && !bulk.isOver; n++) {
    const call = async () => {
      const args = { action, ...bulk.args, progress: bulk.progress }
      const columns = 'progress::text, updated::integer, skipped::integer, total::integer, bulk_id'
      const [row] = await db.call<{ progress: string | null }>('kanthorq_task_batch', args, columns)
      bulk.progress = row?.progress ?? null
      return { ...row, progress: bulk.progress !== null }
    }
    await check(model, db, `${action} in bulk`, call, (look) => {
      const batch = applyBatch(bulk, look)
      const returns = (bulkId: string | null) => {
        const { bulkId: bulk_id, moved: total } = Object.assign(bulk, { bulkId })
        const updated = batch.changes.length
        // What was moved between its batches, by another call, was left out.
        const skipped = bulk.isOver ? Math.max(bulk.found - total, 0) : 0
        return { progress: !bulk.isOver, updated, skipped, total, bulk_id }
      }
      return { operations: [batch], bulkId: bulk.bulkId, returns }
    })
  }
  if (bulk.isOver) model.open.delete(bulk)
}

const batches = command(
  'batches',
  fc.record({
    bulk: some.bulk,
    isNew: fc.constantFrom(true, true, false),
    nth: fc.nat(3),
    batches: fc.constantFrom(1, 2, 100),
  }),
  async ({ bulk, isNew, nth, batches }, model, db) => {
    const open = [...model.open].at(-1 - (nth % model.open.size))
    await goOn(model, db, isNew || !open ? begin(bulk, model, db) : open, batches)
  },
)

const all = command(
  'all',
  some.bulk,
  async (given, model, db) => {
    const bulk = begin(given, model, db)
    const call = () => db.call(`kanthorq_task_${bulk.action}_all`, { ...bulk.args, pause: '0' })
    await check(model, db, `all: ${bulk.action}`, call, (look) => {
      const operations: Expected[] = []
      while (!bulk.isOver) operations.push(applyBatch(bulk, look))
      const [updated, skipped] = [String(bulk.moved), '0']
      return { operations, returns: (bulk_id) => [{ updated, skipped, bulk_id }] }
    })
  },
  ({ inTransaction }) => !inTransaction,
)

/** Any command, each as often as it is worth. */
export const anything = fc.oneof(
  { weight: 2, arbitrary: make },
  { weight: 6, arbitrary: command('KanthorQ', some.work, work) },
  { weight: 3, arbitrary: command('publish', some.publish, publish) },
  { weight: 3, arbitrary: command('pull', some.pull, pullTasks) },
  { weight: 4, arbitrary: command('report', some.report, report) },
  { weight: 6, arbitrary: command('by ids', some.byIds, callByIds) },
  { weight: 4, arbitrary: command('undo', some.undo, undoOperation, ({ log }) => log.length > 0) },
  { weight: 3, arbitrary: again },
  { weight: 1, arbitrary: find },
  { weight: 6, arbitrary: batches },
  { weight: 5, arbitrary: all },
)

/** The calls that move tasks in any test. */
export const expected = [
  ...actions.flatMap((action) => [action, `${action} in bulk`, `all: ${action}`]),
  ...['undo', 'undo of undo', 'undo of a bulk', 'cancel of running', 'pull', ...Object.keys(of.reports)],
].sort()
