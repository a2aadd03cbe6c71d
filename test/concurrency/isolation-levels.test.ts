// Under REPEATABLE READ and SERIALIZABLE a call is right, or fails with 40001 and is right the next time. Whatever else ends
// a call before its time, a deadlock of its callers' making or a timeout, is PostgreSQL's own error, and changes nothing.
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { TaskClient, type TaskState } from 'kanthorq-tasks'
import { callProcedure, loggedOperations } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { callNames, readyCall, type ReadyCall } from '../support/each-call.ts'
import {
  fillTable,
  makeConsumer,
  makeTasks,
  statesOf,
  storedTasks,
  taskTable,
} from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'
import { mistakes } from './races/balance.ts'
import { runRace } from './races/race.ts'
import { seedOf } from '../support/random.ts'

const db = useDatabase(test)

// One by one, for each takes several connections out of the pools, and some hold what all need.

// kanthorq_task_batch passes over what it would have to wait for.
const waitingCalls = callNames.filter((name) => name !== 'kanthorq_task_batch')

for (const level of ['repeatable read', 'serializable'] as const) {
  const suffix = level.replace(' ', '_')

  for (const name of callNames) {
    test.serial(`${level}: ${name} fails when a task was moved after the snapshot`, async (t) => {
      const call = await readyCall(db, name, `${name}_${suffix}`)
      const [session, other] = [await openSession(t, db.sessions), await openSession(t, db.owner)]
      await session.query(`begin isolation level ${level}; select from pg_class limit 1`)
      await moveFirst(call, other)
      const before = await look(call)
      t.is(await outcomeOf(call.make(session)), '40001')
      await session.query('rollback')
      t.deepEqual(await look(call), before)
      await movesTheSecond(t, call, session, level)
    })
  }

  for (const name of ['cancel', 'resume', 'discard'] as const) {
    test.serial(`${level}: to ${name} a task is what it was at the snapshot`, async (t) => {
      const call = await readyCall(db, name, `${name}_sees_${suffix}`)
      const [session, other] = [await openSession(t, db.sessions), await openSession(t, db.owner)]
      const [was] = await statesOf(db, call.consumer, call.ids)
      await moveFirst(call, other)
      await session.query(`begin isolation level ${level}; select from pg_class limit 1`)
      await moveFirst(call, other, was)
      t.is(await call.make(session), 1)
      await session.query('commit')
      t.deepEqual(await statesOf(db, call.consumer, call.ids), [was, call.to])
    })
  }

  for (const name of waitingCalls) {
    for (const end of ['commit', 'rollback'] as const) {
      const what =
        end === 'commit' ? 'fails when a task is moved' : 'is right when nothing is moved'
      test.serial(`${level}: ${name} ${what} while it waits`, async (t) => {
        const call = await readyCall(db, name, `${name}_${end}_${suffix}`)
        const [session, other] = [await openSession(t, db.sessions), await openSession(t, db.owner)]
        await other.query('begin')
        await moveFirst(call, other)
        await session.query(`begin isolation level ${level}`)
        const { outcome } = await untilItWaits(session, () => call.make(session))
        await other.query(end)
        if (end === 'commit') {
          t.is(await outcome, '40001')
          await session.query('rollback')
          await movesTheSecond(t, call, session, level)
        } else {
          t.is(await outcome, 2)
          await session.query('commit')
          t.deepEqual(await statesOf(db, call.consumer, call.ids), [call.to, call.to])
        }
      })
    }
  }

  test.serial(`${level}: an _all call that fails has done whole batches`, async (t) => {
    const consumer = await makeConsumer(db, `all_${suffix}`)
    const ids = await fillTable(db, consumer, 6, ['available'])
    const call = { consumer, table: await taskTable(db, consumer), ids: ids.slice(2) }
    const [session, log] = [await openSession(t, db.sessions), await openSession(t, db.owner)]
    const registry = await openSession(t, db.owner)
    const [calling, locking] = [await processOf(session), await processOf(registry)]
    await session.query(`set default_transaction_isolation to '${level}'`)
    const cancelAll = async () => {
      const sql = `kanthorq_task_cancel_all('${consumer}', everything => true, batch_size => 2)`
      return (await callProcedure(session, sql)).updated
    }

    // The first batch waits for the log. Then the second waits for the registry, and has its snapshot.
    await log.query('begin; lock table kanthorq_task_operation in share mode')
    const { outcome } = await untilItWaits(session, cancelAll)
    const lock = () => registry.query('begin; lock table kanthorq_consumer_registry')
    await untilItWaits(registry, lock)
    await log.query('rollback')
    await untilBlocked(db.owner, [calling], locking)
    await moveFirst(call, log)
    await registry.query('rollback')
    t.is(await outcome, '40001')

    const batch = ids.slice(0, 2)
    t.deepEqual(
      (await loggedOperations(db, consumer)).map(({ event_ids }) => event_ids),
      [batch],
    )
    t.deepEqual(await statesOf(db, consumer, batch), ['cancelled', 'cancelled'])
    t.is(await cancelAll(), 3, 'all but the one that is completed')
  })

  test.serial(
    `${level}: every task is accounted for once when all try until they succeed`,
    async (t) => {
      // In less, nothing may happen.
      const options = { seconds: Math.max(times(4), 2), seed: seedOf(t), isolation: level }
      const race = await runRace(db, `race_${suffix}`, options)
      t.deepEqual(race.failures, [])
      t.deepEqual(mistakes(race).slice(0, 20), [])
      t.log(`${race.log.length} operations, ${race.retries} calls made again`)
      t.true(race.log.length >= 50)
      t.true(race.retries >= 1)
    },
  )
}

test.serial('of two that make the same two calls in opposite orders one fails', async (t) => {
  const consumer = await makeConsumer(db, 'opposite')
  const [one = '', two = ''] = await makeTasks(db, consumer, ['available', 'discarded'])
  const [forth, back] = [await openSession(t, db.sessions), await openSession(t, db.sessions)]
  const cancel = async (session: pg.ClientBase) =>
    (await new TaskClient(session).cancel(consumer, [one])).updated.length
  const resume = async (session: pg.ClientBase) =>
    (await new TaskClient(session).resume(consumer, [two])).updated.length

  await forth.query('begin')
  await back.query('begin')
  t.deepEqual([await cancel(forth), await resume(back)], [1, 1])
  const { outcome } = await untilItWaits(forth, () => resume(forth))
  const finish = async (session: pg.ClientBase, call: Promise<number | string>) => {
    const result = await call
    await session.query(typeof result === 'number' ? 'commit' : 'rollback')
    return result
  }
  const results = [finish(forth, outcome), finish(back, outcomeOf(cancel(back)))]
  const [first, second] = await Promise.all(results)
  t.deepEqual([first, second].sort(), [1, '40P01'])
  t.deepEqual(await statesOf(db, consumer, [one, two]), ['cancelled', 'running'])
  const done = await loggedOperations(db, consumer)
  t.is(new Set(done.map(({ transaction_id }) => transaction_id)).size, 1)

  const loser = first === 1 ? back : forth
  await loser.query('begin')
  t.deepEqual([await cancel(loser), await resume(loser)], [0, 0])
  await loser.query('commit')
  t.deepEqual(await loggedOperations(db, consumer), done)
})

// What a call may have to wait for: a task, before it has moved any, and the log, when it has moved all.
const holds = {
  'a task': ({ table, ids: [, second = ''] }: ReadyCall) =>
    `select from ${table} where event_id = '${second}' for update`,
  'the log': () => 'lock table kanthorq_task_operation in share mode',
}
const interruptions = {
  lock_timeout: '55P03',
  statement_timeout: '57014',
  pg_cancel_backend: '57014',
}

for (const name of waitingCalls) {
  for (const [what, hold] of Object.entries(holds)) {
    test.serial(
      `${name} that is interrupted while it waits for ${what} has changed nothing`,
      async (t) => {
        for (const [way, code] of Object.entries(interruptions)) {
          const call = await readyCall(db, name, `${name}_${way}_${what.replace(' ', '_')}`)
          const [session, holder] = [
            await openSession(t, db.sessions),
            await openSession(t, db.owner),
          ]
          const pid = await processOf(session)
          const before = await look(call)
          await holder.query(`begin; ${hold(call)}`)
          if (way === 'pg_cancel_backend') {
            const { outcome } = await untilItWaits(session, () => call.make(session))
            await db.owner.query('select pg_cancel_backend($1)', [pid])
            t.is(await outcome, code)
          } else {
            await session.query(`set ${way} to '100ms'`)
            t.is(await outcomeOf(call.make(session)), code)
          }
          t.deepEqual(await look(call), before)
          await holder.query('rollback')
          await session.query('reset all')
          t.is(await call.make(session), 2)
        }
      },
    )
  }
}

/** Moves the first task to where no call takes it from, as a worker does that has done it; or to another state. */
async function moveFirst(
  { table, ids: [first] }: Pick<ReadyCall, 'table' | 'ids'>,
  session: pg.ClientBase,
  to: TaskState = 'completed',
) {
  await session.query(`update ${table} set state = _kanthorq_task_state($2) where event_id = $1`, [
    first,
    to,
  ])
}

/** Makes the call in another transaction, in which it sees that the first task is completed. */
async function movesTheSecond(
  t: ExecutionContext,
  { consumer, ids, to, make }: ReadyCall,
  session: pg.ClientBase,
  level: string,
) {
  await session.query(`begin isolation level ${level}`)
  t.is(await make(session), 1)
  await session.query('commit')
  t.deepEqual(await statesOf(db, consumer, ids), ['completed', to])
}

/** All that a call could change. */
async function look({ consumer }: ReadyCall) {
  return [await storedTasks(db, consumer), await loggedOperations(db, consumer)] as const
}

/** What a call comes to, or the code of its error. */
function outcomeOf<T>(call: Promise<T>): Promise<T | string> {
  return call.catch((error: unknown) => (error as pg.DatabaseError).code ?? String(error))
}

/** Begins a call, and waits until it has to wait for a lock. */
async function untilItWaits<T>(session: pg.PoolClient, begin: () => Promise<T>) {
  const pid = await processOf(session)
  const outcome = outcomeOf(begin())
  await Promise.race([withoutWaiting(outcome), untilBlocked(db.owner, [pid])])
  // In an object, for to return a promise from here would be to wait for it.
  return { outcome }
}
