import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import pg from 'pg'
import { NotFoundError } from 'kanthorq-tasks'
import {
  TaskAborted,
  TaskWorker,
  type HandlerClient,
  type LossReason,
  type TaskHandler,
  type WorkerTask,
} from 'kanthorq-tasks/worker'
import { createRole } from '../../scripts/throwaway-database.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { as } from '../support/template.ts'
import { until } from '../support/until.ts'
import { broken, makeFast, publish, settled } from './scene.ts'

const db = useDatabase(test)

/** Ends when its signal is aborted, with the reason. */
const untilAborted: TaskHandler = (_, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })

const nothing = () => Promise.resolve()

test('each event is handled once and completed, with its body and metadata', async (t) => {
  const consumer = await makeConsumer(db, 'all')
  const ids = await publish(db, consumer, 300)
  const seen: WorkerTask[] = []
  const completed: string[] = []
  const worker = new TaskWorker(db.pool, consumer, (task) => Promise.resolve(seen.push(task)))
  worker.on('completed', (tasks) => completed.push(...tasks.map(({ eventId }) => eventId)))
  const counts = { pulled: 300, completed: 300, failed: 0, lost: 0, running: 0, waiting: 0, reporting: 0, errors: 0 }
  t.like(await worker.drain(), counts)
  t.deepEqual(seen.map(({ eventId }) => eventId).sort(), ids.toSorted())
  t.deepEqual(completed.sort(), ids.toSorted())
  t.like(seen[0], { subject: 'order.created', attempt: 0, attemptMax: 3, metadata: { n: 1 }, metadataText: '{"n": 1}' })
  t.deepEqual(seen[0]?.body, Buffer.from([0, 255, 92, 1]))
  t.is(seen[0]?.createdAt instanceof Date && seen[0].createdAt.getFullYear() > 2000, true)
  t.deepEqual(new Set(await statesOf(db, consumer, ids)), new Set(['completed']))
})

test('no more handlers run at the same time than concurrency says', async (t) => {
  const consumer = await makeConsumer(db, 'bounded')
  await publish(db, consumer, 40)
  let most = 0
  let now = 0
  const handler = async () => {
    most = Math.max(most, (now += 1))
    await sleep(1)
    now -= 1
  }
  t.is((await new TaskWorker(db.pool, consumer, handler, { concurrency: 3 }).drain()).completed, 40)
  t.is(most, 3)
})

test('a failure is stored as KanthorQ stores it, and the last one discards the task', async (t) => {
  const consumer = await makeConsumer(db, 'failing', 1)
  const [id = ''] = await publish(db, consumer, 1)
  const failed: unknown[] = []
  const thrown: unknown[] = [new TypeError('no such\0 address 𝄞'), '']
  const worker = new TaskWorker(db.pool, consumer, () => {
    throw thrown[failed.length]
  })
  worker.on('failed', (_, error) => failed.push(error))
  await worker.drain()
  t.deepEqual(await statesOf(db, consumer, [id]), ['retryable'])
  await db.owner.query(`update ${await taskTable(db, consumer)} set schedule_at = 1000`)
  await worker.drain()
  t.deepEqual(failed, thrown)
  const task = (await storedTasks(db, consumer)).get(id)
  t.like(task, { state: 'discarded', attempt_count: 1 })
  t.like(task?.attempted_error, [{ error: 'no such\ufffd address 𝄞' }, { error: 'failed', stack: 'failed' }])
  t.regex(JSON.stringify(task?.attempted_error[0]), /"stack":"TypeError: no such.*\\n +at .*worker\.test\.ts/)
})

test('the first pattern that matches a subject has its handler, and tasks of other subjects are left alone', async (t) => {
  const consumer = await makeConsumer(db, 'routed')
  const subjects = ['order.created', 'order.paid', 'order.paid.twice', 'invoice.sent', 'order']
  const ids = (await Promise.all(subjects.map((subject) => publish(db, consumer, 1, subject)))).flat()
  const seen: string[] = []
  const by = (name: string) => (task: WorkerTask) => Promise.resolve(seen.push(`${name}: ${task.subject}`))
  const handlers = { 'order.paid': by('paid'), 'order.*': by('one'), 'order.>': by('more') }
  t.is((await new TaskWorker(db.pool, consumer, handlers).drain()).pulled, 3)
  t.deepEqual(seen.sort(), ['more: order.paid.twice', 'one: order.created', 'paid: order.paid'])
  const others = await new TaskWorker(db.pool, consumer, by('rest')).drain()
  t.is(others.completed, 2)
  t.deepEqual(new Set(await statesOf(db, consumer, ids)), new Set(['completed']))
})

test('the lease of a handler that takes longer is extended, and nobody else gets its task', async (t) => {
  const consumer = await makeConsumer(db, 'long')
  await makeFast(db, consumer, 2000)
  const [id = ''] = await publish(db, consumer, 1)
  let end: () => void = () => undefined
  const worker = new TaskWorker(db.pool, consumer, () => new Promise<void>((resolve) => (end = resolve)))
  await worker.start()
  const lease = async () => (await storedTasks(db, consumer)).get(id)?.schedule_at ?? 0
  const first = await until(lease, 'it is not pulled')
  await until(async () => (await lease()) > first + 2000, 'the lease is not extended')
  const other = await new TaskWorker(db.pool, consumer, nothing).drain()
  t.is(other.pulled, 0)
  end()
  await worker.stop()
  t.like(worker.metrics(), { completed: 1, lost: 0 })
})

test('a cancel reaches the handler, and what it does then does not count', async (t) => {
  const consumer = await makeConsumer(db, 'withdrawn')
  await makeFast(db, consumer, 4500)
  const [id = ''] = await publish(db, consumer, 1)
  const lost: LossReason[] = []
  const ended: unknown[] = []
  const worker = new TaskWorker(db.pool, consumer, (task, context) =>
    untilAborted(task, context).catch((error: unknown) => ended.push(error)),
  )
  worker.on('lost', (_, why) => lost.push(why))
  await worker.start()
  await until(() => Promise.resolve(worker.metrics().running === 1), 'it is not handled')
  await db.owner.query(`update ${await taskTable(db, consumer)} set state = -101, finalized_at = 5`)
  await until(() => Promise.resolve(ended.length === 1), 'the handler does not learn of it')
  await worker.stop()
  t.true(ended[0] instanceof TaskAborted)
  t.like(ended[0], { why: 'cancelled' })
  t.deepEqual(lost, ['cancelled'])
  t.like((await storedTasks(db, consumer)).get(id), { state: 'cancelled', finalized_at: 5 })
})

test('a worker that is cut off gives its task up, another one completes it, and a late report changes nothing', async (t) => {
  const consumer = await makeConsumer(db, 'cut_off')
  await makeFast(db, consumer)
  const [id = ''] = await publish(db, consumer, 1)
  const cut = broken(db.pool, (text) => text.includes('_extend'))
  const whys: unknown[] = []
  let end: () => void = () => undefined
  const handler: TaskHandler = (_, { signal }) => {
    signal.addEventListener('abort', () => whys.push((signal.reason as TaskAborted).why))
    return new Promise<void>((resolve) => (end = resolve))
  }
  const deaf = new TaskWorker(cut, consumer, handler, { concurrency: 1, prefetch: 0, grace: 60_000 })
  deaf.on('error', () => undefined)
  await deaf.start()
  await until(() => Promise.resolve(whys.length > 0), 'it does not give up')
  t.deepEqual(whys, ['lease lost'])
  const other = new TaskWorker(db.pool, consumer, nothing)
  await until(async () => (await other.drain()).completed === 1, 'the other gets nothing')
  end()
  await deaf.stop()
  t.like(deaf.metrics(), { completed: 0, lost: 1 })
  t.like((await storedTasks(db, consumer)).get(id), { state: 'completed', attempt_count: 1 })
})

test('a handler that takes too long has its task failed, and its place is free once it has ended or the grace is over', async (t) => {
  const consumer = await makeConsumer(db, 'slow')
  await publish(db, consumer, 2)
  const signals: AbortSignal[] = []
  const handler = (_: unknown, { signal }: { signal: AbortSignal }) => {
    signals.push(signal)
    return new Promise(() => undefined)
  }
  const options = { concurrency: 1, timeout: 20, grace: 20 }
  t.like(await new TaskWorker(db.pool, consumer, handler, options).drain(), { failed: 2, abandoned: 2, running: 0 })
  t.deepEqual(
    signals.map(({ reason }) => (reason as TaskAborted).why),
    ['timeout', 'timeout'],
  )
  const [task] = (await storedTasks(db, consumer)).values()
  t.like(task, { state: 'retryable', attempted_error: [{ error: 'the handler takes too long' }] })
})

test('a stop lets handlers end, and gives back what waits', async (t) => {
  const consumer = await makeConsumer(db, 'stopped')
  const running = await publish(db, consumer, 2)
  const waiting = await publish(db, consumer, 3, 'slow.batch')
  const ends: (() => void)[] = []
  const worker = new TaskWorker(db.pool, consumer, {
    'order.>': () => new Promise<void>((resolve) => ends.push(resolve)),
    'slow.*': { handle: nothing, size: 10, wait: 60_000 },
  })
  const released: string[] = []
  worker.on('released', (tasks) => released.push(...tasks.map(({ eventId }) => eventId)))
  await worker.start()
  t.like(worker.metrics(), { running: 2, waiting: 3 })
  const stopped = worker.stop()
  // They are given back before the handlers end.
  await until(() => Promise.resolve(worker.metrics().released === 3), 'it keeps what waits')
  t.deepEqual(released.sort(), waiting.toSorted())
  t.is((await new TaskWorker(db.pool, consumer, { 'slow.*': nothing }).drain()).completed, 3)
  for (const end of ends) end()
  await stopped
  t.like(worker.metrics(), { completed: 2, released: 3, running: 0, waiting: 0 })
  t.deepEqual(new Set(await statesOf(db, consumer, [...running, ...waiting])), new Set(['completed']))
})

test('a worker that waits for a connection stops at once, having nothing', async (t) => {
  const consumer = await makeConsumer(db, 'unreachable')
  let asked = 0
  const connect = () => new Promise<never>(() => (asked += 1))
  const worker = new TaskWorker(
    Object.assign(
      broken(db.pool, () => false),
      { connect },
    ),
    consumer,
    nothing,
    { callTimeout: 600_000 },
  )
  const ended = worker.run()
  await until(() => Promise.resolve(asked > 0), 'it does not try')
  await worker.stop()
  await ended
  t.like(worker.metrics(), { pulled: 0, errors: 0 })
})

test('a slow heartbeat does not take back what was released', async (t) => {
  const consumer = await makeConsumer(db, 'slow_beat')
  await makeFast(db, consumer)
  await publish(db, consumer, 1)
  let isBeating = false
  const pool = broken(db.pool, () => false)
  const connect = pool.connect.bind(pool)
  pool.connect = async () => {
    const connection = await connect()
    const query: HandlerClient['query'] = async (text, values) => {
      isBeating ||= text.includes('_extend')
      if (text.includes('_extend')) await sleep(100)
      return connection.query(text, values)
    }
    return { ...connection, query }
  }
  const worker = new TaskWorker(pool, consumer, untilAborted)
  await worker.start()
  await until(() => Promise.resolve(isBeating), 'it extends no lease')
  await worker.stop({ timeout: 0 })
  t.is((await new TaskWorker(db.pool, consumer, nothing).drain()).completed, 1)
})

test('a stop is bounded: handlers that go on have their signals aborted and their tasks given back', async (t) => {
  const consumer = await makeConsumer(db, 'obstinate')
  const ids = await publish(db, consumer, 3)
  const whys: unknown[] = []
  const options = { concurrency: 2, grace: 10, prefetch: 0 }
  const worker = new TaskWorker(
    db.pool,
    consumer,
    async (task, context) => {
      if (task.eventId === ids[0]) return new Promise(() => undefined)
      return untilAborted(task, context).catch((error: unknown) => {
        whys.push((error as TaskAborted).why)
        throw error
      })
    },
    options,
  )
  await worker.start()
  t.is(worker.metrics().running, 2)
  await worker.stop({ timeout: 0 })
  t.like(worker.metrics(), { released: 2, abandoned: 1, completed: 0, failed: 0, running: 0 })
  t.deepEqual(whys, ['stopping'])
  // They are due at once.
  t.like(await new TaskWorker(db.pool, consumer, nothing).drain(), { pulled: 3, completed: 3, failed: 0, lost: 0, errors: 0 })
})

test('a batch handler has a result for each task, and an exception fails all of them', async (t) => {
  const consumer = await makeConsumer(db, 'batched')
  const ids = await publish(db, consumer, 7)
  const sizes: number[] = []
  const handle = (tasks: WorkerTask[]) => {
    sizes.push(tasks.length)
    return Promise.resolve(tasks.map(({ eventId }) => (eventId === ids[1] ? new Error('not this one') : undefined)))
  }
  const worker = new TaskWorker(db.pool, consumer, { handle, size: 3, wait: 20 }, { concurrency: 5 })
  t.like(await worker.drain(), { completed: 6, failed: 1 })
  t.deepEqual(sizes, [3, 3, 1])
  t.like((await storedTasks(db, consumer)).get(ids[1] ?? ''), {
    state: 'retryable',
    attempted_error: [{ error: 'not this one' }],
  })

  await publish(db, consumer, 4)
  const refusing = new TaskWorker(db.pool, consumer, { handle: () => Promise.reject(new Error('none')), size: 10 })
  t.like(await refusing.drain(), { completed: 0, failed: 4 })
  await publish(db, consumer, 2)
  const short = new TaskWorker(db.pool, consumer, { handle: () => Promise.resolve([null]), size: 10 })
  t.like(await short.drain(), { completed: 0, failed: 2 })
})

test('with transactional, the handler and the completion are one transaction', async (t) => {
  const consumer = await makeConsumer(db, 'transacted')
  const [kept = '', failed = '', taken = ''] = await publish(db, consumer, 3)
  const table = await taskTable(db, consumer)
  await db.owner.query('create table effect (event_id text primary key)')
  await db.owner.query('grant insert on effect to public')
  const handler: TaskHandler = async ({ eventId }, { client }) => {
    await client.query('insert into effect values ($1)', [eventId])
    if (eventId === failed) throw new Error('no')
    if (eventId === taken) await db.owner.query(`update ${table} set state = -101 where event_id = $1`, [taken])
  }
  const pool = new pg.Pool({ connectionString: db.url })
  t.teardown(() => pool.end())
  const worker = new TaskWorker(pool, consumer, handler, { transactional: true, concurrency: 3 })
  t.like(await worker.drain(), { completed: 1, failed: 1, lost: 1, reporting: 0 })
  t.deepEqual((await db.owner.query('select event_id from effect')).rows, [{ event_id: kept }])
  t.deepEqual(await statesOf(db, consumer, [kept, failed, taken]), ['completed', 'retryable', 'cancelled'])
  t.is(pool.idleCount, pool.totalCount, 'each connection is back in the pool')
})

test('the handler gets a valid traceparent of the event, and no other', async (t) => {
  const consumer = await makeConsumer(db, 'traced')
  const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  for (const traceparent of [
    valid,
    valid.replace('4', 'G'),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`,
    7,
  ])
    await db.owner.query("select kanthorq_stream_publish('traced_stream', 'a', '', $1)", [{ traceparent }])
  const seen: (string | undefined)[] = []
  await new TaskWorker(db.pool, consumer, (_, { traceparent }) => Promise.resolve(seen.push(traceparent))).drain()
  t.deepEqual(seen, [valid, undefined, undefined, undefined, undefined])
})

test('what would fail again is thrown at the start; what goes wrong later is an event', async (t) => {
  await t.throwsAsync(new TaskWorker(db.pool, 'nobody', nothing).run(), { instanceOf: NotFoundError })
  await t.throwsAsync(new TaskWorker(db.pool, 'nobody', nothing).start(), { instanceOf: NotFoundError })
  await t.throwsAsync(new TaskWorker(db.pool, 'nobody', nothing).drain(), { instanceOf: NotFoundError })
  const consumer = await makeConsumer(db, 'gone')
  let isDown = false
  const pool = broken(db.pool, () => isDown)
  const worker = new TaskWorker(pool, consumer, nothing, { pollInterval: 50 })
  const errors: unknown[] = []
  worker.on('error', (error) => errors.push(error))
  await worker.start()
  await t.throwsAsync(worker.start(), { message: /at work already/ })
  isDown = true
  await until(() => Promise.resolve(errors.length > 1), 'it says nothing')
  const recovered = once(worker, 'idle')
  isDown = false
  await recovered
  await publish(db, consumer, 1)
  await settled(db, consumer, 1)
  await worker.stop()
})

test('a listener that fails stops nothing', async (t) => {
  const consumer = await makeConsumer(db, 'listened')
  await publish(db, consumer, 1)
  const worker = new TaskWorker(db.pool, consumer, nothing)
  worker.on('completed', () => {
    throw new Error('in a listener')
  })
  const warnings: string[] = []
  const warned = ({ message }: Error) => warnings.push(message)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  t.like(await worker.drain(), { completed: 1, errors: 0 })
  await until(() => Promise.resolve(warnings.includes('in a listener')), 'it is not said')
})

test('the level worker is all that a worker needs', async (t) => {
  const consumer = await makeConsumer(db, 'restricted')
  const ids = await publish(db, consumer, 3)
  const role = await createRole(db.ownerUrl)
  const pool = new pg.Pool({ connectionString: as(role, db.ownerUrl) })
  t.teardown(() => pool.end())
  const worker = new TaskWorker(
    pool,
    consumer,
    async (task, context) => {
      if (task.eventId === ids[1]) throw new Error('no')
      if (task.eventId === ids[2]) await untilAborted(task, context)
    },
    { transactional: true, concurrency: 3 },
  )
  await t.throwsAsync(worker.start(), { code: '42501' })
  await db.owner.query("select kanthorq_grant($1, 'worker')", [role.name])
  await makeFast(db, consumer, 6000)
  await worker.start()
  const lease = async () => (await storedTasks(db, consumer)).get(ids[2] ?? '')?.schedule_at ?? 0
  const first = await until(lease, 'it is not pulled')
  await until(async () => (await lease()) > first, 'the lease is not extended')
  await until(() => Promise.resolve(worker.metrics().completed + worker.metrics().failed === 2), 'they are not reported')
  await worker.stop({ timeout: 0 })
  t.like(worker.metrics(), { completed: 1, failed: 1, released: 1 })
  t.deepEqual(await statesOf(db, consumer, ids), ['completed', 'retryable', 'running'])
  await t.throwsAsync(pool.query('select kanthorq_task_find($1)', [consumer]), { code: '42501' })
})

test('options and handlers that make no sense are refused', (t) => {
  const make =
    (handlers: unknown, options: unknown = {}, pool: unknown = db.pool) =>
    () =>
      new TaskWorker(pool as never, 'any', handlers as never, options as never)
  const code = 'KQ003'
  t.throws(make(nothing, {}, {}), { instanceOf: TypeError, message: /Pool of node-postgres/ })
  for (const handlers of [{}, 7, { a: 1 }, { handle: nothing, size: 0 }, { handle: nothing, size: 1, wait: -1 }])
    t.throws(make(handlers), { code }, JSON.stringify(handlers))
  for (const options of [{ concurency: 1 }, { concurrency: 0 }, { timeout: Infinity }, { grace: '1' }, { transactional: 1 }])
    t.throws(make(nothing, options), { code }, JSON.stringify(options))
  t.throws(make(nothing, { transactional: true, concurrency: 9 }), { message: /10 connections for 9 transactions/ })
  t.throws(make(nothing, { concurency: 1 }), { message: /Did you mean concurrency\?/ })
})
