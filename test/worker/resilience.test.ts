// Whatever ends, each event is completed once, and no task is held for longer than its lease.
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { TaskWorker, type TaskWorkerOptions, type WorkerTask } from 'kanthorq-tasks/worker'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { makeConsumer, storedTasks, taskTable } from '../support/scene.ts'
import { until } from '../support/until.ts'
import { claim, pullNew } from '../support/worker.ts'
import { altered, broken, makeFast, publish, settled } from './scene.ts'

const db = useDatabase(test)

function poolOf(t: ExecutionContext, name: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: db.url, application_name: name })
  t.teardown(() => pool.end())
  return pool
}

/** Handlers that see to it that no task is handled by two of them at the same time. */
function exclusive(t: ExecutionContext) {
  const busy = new Set<string>()
  const handled = new Map<string, number>()
  const handle = async ({ eventId }: Pick<WorkerTask, 'eventId'>) => {
    t.false(busy.has(eventId), 'it is handled twice at once')
    busy.add(eventId)
    await sleep(1)
    busy.delete(eventId)
    handled.set(eventId, (handled.get(eventId) ?? 0) + 1)
  }
  return { handle, handled }
}

function quiet(worker: TaskWorker): TaskWorker {
  return worker.on('error', () => undefined)
}

test('a call that the server does not answer is given up, with its connection', async (t) => {
  const consumer = await makeConsumer(db, 'silent')
  await publish(db, consumer, 3)
  let silent = 1
  const pool = broken(db.pool, () => false)
  const connect = pool.connect.bind(pool)
  const released: unknown[] = []
  pool.connect = async () => {
    const connection = await connect()
    if (silent-- <= 0) return connection
    const release = connection.release.bind(connection)
    return {
      ...connection,
      query: () => new Promise(() => undefined),
      release: (destroy) => {
        released.push(destroy)
        release(destroy)
      },
    }
  }
  const worker = new TaskWorker(pool, consumer, () => Promise.resolve(), { callTimeout: 200 })
  const errors: string[] = []
  worker.on('error', (error) => errors.push((error as Error).message))
  await worker.start()
  await settled(db, consumer, 3)
  await worker.stop()
  t.regex(errors[0] ?? '', /has not answered for 200 milliseconds/)
  t.deepEqual(released, [true])
})

test('a lease that had ended when its pull was answered does not spoil the heartbeat', async (t) => {
  const consumer = await makeConsumer(db, 'late')
  await makeFast(db, consumer)
  const [id = ''] = await publish(db, consumer, 1)
  const pool = altered(db.pool, async (_, query) => {
    const { rows, ...answer } = await query()
    return { ...answer, rows: rows.map(({ result }) => ({ result: String(result).replace(/"lease":[^,}]+/, '"lease":-60') })) }
  })
  let end: () => void = () => undefined
  const worker = quiet(new TaskWorker(pool, consumer, () => new Promise<void>((resolve) => (end = resolve))))
  await worker.start()
  const leaseOf = async () => (await storedTasks(db, consumer)).get(id)?.schedule_at ?? 0
  const first = await leaseOf()
  await until(async () => (await leaseOf()) > first + 1100, 'the lease is not extended')
  end()
  await worker.stop()
  t.like(worker.metrics(), { completed: 1, lost: 0 })
})

test('a call that fails is repeated, also in a drain', async (t) => {
  const consumer = await makeConsumer(db, 'unheard')
  await publish(db, consumer, 2)
  const failures = { pull: 2, complete: 2 }
  const fails = (text: string, call: keyof typeof failures) => text.includes(`_${call}`) && failures[call]-- > 0
  const pool = broken(db.pool, (text) => fails(text, 'pull') || fails(text, 'complete'))
  const worker = quiet(new TaskWorker(pool, consumer, () => Promise.resolve()))
  t.like(await worker.drain(), { completed: 2, errors: 4 })
  await settled(db, consumer, 2)
})

test('a drain is not over with a pull that gave nothing in the second that it looks at events', async (t) => {
  const consumer = await makeConsumer(db, 'few')
  await publish(db, consumer, 1)
  let isFirst = true
  const pool = altered(db.pool, async (text, query) => {
    if (!isFirst || !text.includes('_pull')) return query()
    isFirst = false
    await sleep(1001)
    return { rows: [], rowCount: 0 }
  })
  t.like(await new TaskWorker(pool, consumer, () => Promise.resolve()).drain(), { completed: 1 })
})

test('workers that come and go under load, beside all pullers of KanthorQ, handle nothing twice at once and complete everything', async (t) => {
  const consumer = await makeConsumer(db, 'busy')
  const table = await taskTable(db, consumer)
  const { handle, handled } = exclusive(t)
  const pool = poolOf(t, 'busy worker')
  const options: TaskWorkerOptions = { concurrency: 5, prefetch: 50, stopTimeout: 0, grace: 0 }
  // In its first attempt one task of eight fails; of those of KanthorQ's, the worker of another one dies.
  const isFirst = (id: string) => handled.get(id) === 1
  const fails = (id: string) => isFirst(id) && /[0-3]$/.test(id)
  const dies = (id: string) => isFirst(id) && /[4-7]$/.test(id)
  const handler = async (task: WorkerTask) => {
    await handle(task)
    if (fails(task.eventId)) throw new Error('the first attempt')
  }
  let goesOn = true
  let ofKanthorQ = 0
  const taken = { fresh: 0, retryable: 0, running: 0 }
  const kanthorq = async () => {
    while (goesOn) {
      const fresh = (await pullNew(db, consumer)) ?? []
      const retryable = await claim(db, consumer, 'retryable')
      const running = await claim(db, consumer, 'running')
      taken.fresh += fresh.length
      taken.retryable += retryable.length
      taken.running += running.length
      const ids = [...fresh, ...retryable, ...running]
      await Promise.all(ids.map((eventId) => handle({ eventId })))
      for (const id of ids.filter(fails)) await db.owner.query('select test.fail($1, $2)', [consumer, id])
      const done = await db.owner.query(
        `update ${table} set state = 101, finalized_at = 5 where event_id = any ($1) and state = 2`,
        [ids.filter((id) => !fails(id) && !dies(id))],
      )
      ofKanthorQ += done.rowCount ?? 0
      // Nobody holds these: let them be due.
      await db.owner.query(`update ${table} set schedule_at = 1000 where state = 102 or event_id = any ($1)`, [
        ids.filter(dies),
      ])
    }
  }
  const beside = kanthorq()
  let published = 0
  let completed = 0
  for (let n = 0; n < Math.max(times(20), 5) || Object.values(taken).includes(0); n++) {
    const workers = [1, 2].map(() => quiet(new TaskWorker(pool, consumer, handler, options)))
    await Promise.all(workers.map((worker) => worker.start()))
    published += (await publish(db, consumer, 100)).length
    await until(() => Promise.resolve(handled.size >= published - 90), 'nothing goes on')
    await Promise.all(workers.map((worker) => worker.stop()))
    for (const worker of workers) completed += worker.metrics().completed
  }
  goesOn = false
  await beside
  const last = new TaskWorker(pool, consumer, handler)
  await last.start()
  await until(async () => {
    await db.owner.query(`update ${table} set schedule_at = 1000 where state = 102`)
    return completed + ofKanthorQ + last.metrics().completed >= published
  }, 'some are left')
  await last.stop()
  await settled(db, consumer, published)
  completed += last.metrics().completed
  t.is(completed + ofKanthorQ, published)
  t.log(`${published} events: ${completed} completed by workers, ${ofKanthorQ} by KanthorQ's statements, which took`, taken)
})
