// Two sessions and one task, or a few: who waits for whom, and who reports what.
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { TaskClient, type TaskState } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'
import { claim } from '../support/worker.ts'

const db = useDatabase(test)

// One by one, for each takes several connections out of the pools.

test.serial(
  'a cancel waits for a worker, and is a no-op when the worker got the task',
  async (t) => {
    const { consumer, ids, worker, call } = await claimedTask(t, 'worker_commits')
    await worker.query('commit')
    t.deepEqual(await call, { updated: [], noop: ids })
    t.deepEqual(await statesOf(db, consumer, ids), ['running'])
    t.is((await storedTasks(db, consumer)).get(ids[0] ?? '')?.finalized_at, 0)
  },
)

test.serial(
  'a cancel waits for a worker, and cancels when the worker did not get the task',
  async (t) => {
    const { consumer, ids, worker, call } = await claimedTask(t, 'worker_rolls_back')
    await worker.query('rollback')
    t.deepEqual(await call, { updated: ids, noop: [] })
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled'])
  },
)

test.serial('a worker passes over a task that is being cancelled', async (t) => {
  const consumer = await makeConsumer(db, 'worker_skips')
  const ids = await makeTasks(db, consumer, ['retryable'])
  const session = await openSession(t, db.sessions)

  await session.query('begin')
  await new TaskClient(session).cancel(consumer, ids)
  t.deepEqual(await claim(db, consumer, 'retryable'), [])
  await session.query('rollback')
  t.deepEqual(await claim(db, consumer, 'retryable'), ids)

  const others = await makeTasks(db, consumer, ['retryable'])
  await session.query('begin')
  await new TaskClient(session).cancel(consumer, others)
  t.deepEqual(await claim(db, consumer, 'retryable'), [])
  await session.query('commit')
  t.deepEqual(await claim(db, consumer, 'retryable'), [])
  t.deepEqual(await statesOf(db, consumer, others), ['cancelled'])
})

const transitions = [
  { name: 'cancel', from: 'available', to: 'cancelled' },
  { name: 'resume', from: 'cancelled', to: 'running' },
] as const

for (const { name, from, to } of transitions) {
  for (const end of ['commit', 'rollback'] as const) {
    const outcome = end === 'commit' ? 'does nothing more' : 'does it instead'
    test.serial(`a ${name} waits for another, and after its ${end} ${outcome}`, async (t) => {
      const consumer = await makeConsumer(db, `${name}_${end}`)
      const ids = await makeTasks(db, consumer, [from])
      const [first, second] = [await openSession(t, db.sessions), await openSession(t, db.sessions)]

      await first.query('begin')
      t.deepEqual(await new TaskClient(first)[name](consumer, ids), { updated: ids, noop: [] })
      const call = await blockedCall(second, first, (tasks) => tasks[name](consumer, ids))
      await first.query(end)
      const [updated, noop] = end === 'commit' ? [[], ids] : [ids, []]
      t.deepEqual(await call.result, { updated, noop })
      t.deepEqual(await statesOf(db, consumer, ids), [to])
    })
  }
}

test.serial(
  'a task that changed while a call waited for it stays locked until the call ends',
  async (t) => {
    const consumer = await makeConsumer(db, 'held')
    const ids = await makeTasks(db, consumer, ['retryable', 'running', 'available'])
    const [changed = '', untouched = '', cancelled = ''] = ids
    const table = await taskTable(db, consumer)
    const [worker, session] = [await openSession(t, db.owner), await openSession(t, db.sessions)]

    await worker.query('begin')
    t.deepEqual(await claim(db, consumer, 'retryable', worker), [changed])
    await session.query('begin')
    const call = await blockedCall(session, worker, (tasks) => tasks.cancel(consumer, ids))
    await worker.query('commit')
    t.deepEqual(await call.result, { updated: [cancelled], noop: [changed, untouched] })
    t.deepEqual(await lockable(table), [untouched])
    await session.query('commit')
    t.deepEqual(await lockable(table), ids)
  },
)

for (const level of ['repeatable read', 'serializable']) {
  test.serial(
    `under ${level} a task that changed after the snapshot is a serialization failure`,
    async (t) => {
      const consumer = await makeConsumer(db, level.replace(' ', '_'))
      const ids = await makeTasks(db, consumer, ['available', 'available', 'running'])
      const [changed = '', ...others] = ids
      const session = await openSession(t, db.sessions)
      const tasks = new TaskClient(session)

      await session.query(`begin isolation level ${level}; select from pg_class limit 1`)
      await new TaskClient(db.pool).cancel(consumer, [changed])
      await session.query('savepoint before')
      await t.throwsAsync(tasks.cancel(consumer, ids), { code: '40001' })
      await session.query('rollback to savepoint before')
      t.deepEqual(await tasks.cancel(consumer, others), {
        updated: others.slice(0, 1),
        noop: others.slice(1),
      })
      await session.query('commit')
      t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled', 'running'])
    },
  )
}

/** A retryable task that a worker has claimed and not committed, and the call that waits to cancel it. */
async function claimedTask(t: ExecutionContext, name: string) {
  const consumer = await makeConsumer(db, name)
  const ids = await makeTasks(db, consumer, ['retryable'] satisfies TaskState[])
  const worker = await openSession(t, db.owner)
  await worker.query('begin')
  t.deepEqual(await claim(db, consumer, 'retryable', worker), ids)
  const session = await openSession(t, db.sessions)
  const { result } = await blockedCall(session, worker, (tasks) => tasks.cancel(consumer, ids))
  return { consumer, ids, worker, call: result }
}

/** Makes a call that has to wait for a lock of `holder`, and waits until it does. */
async function blockedCall<T>(
  session: pg.PoolClient,
  holder: pg.PoolClient,
  make: (tasks: TaskClient) => Promise<T>,
) {
  const [waiting, holding] = [await processOf(session), await processOf(holder)]
  const result = make(new TaskClient(session))
  await Promise.race([withoutWaiting(result), untilBlocked(db.owner, [waiting], holding)])
  // In an object, for to return a promise from here would be to wait for it.
  return { result }
}

/** The ids of those rows that nobody has locked, in order. */
async function lockable(table: string) {
  const { rows } = await db.owner.query<{ event_id: string }>(
    `select event_id from ${table} order by event_id for update skip locked`,
  )
  return rows.map((row) => row.event_id)
}
