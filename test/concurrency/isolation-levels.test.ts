// What a call does when another session changes its tasks: under READ COMMITTED it judges a task by its new state, under the
// other levels it fails with 40001 and is right the next time. Timeouts are PostgreSQL's own errors, and change nothing.
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { TaskClient, type TaskState } from 'kanthorq-tasks'
import { logOf } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'
import { claim } from '../support/worker.ts'

const db = useDatabase(test)

/** Each call that moves tasks: what two tasks have to be for it, or may be as well, and what it makes of them. */
const calls = {
  cancel: { from: 'retryable', or: 'available', to: 'cancelled' },
  resume: { from: 'discarded', or: 'cancelled', to: 'running' },
  discard: { from: 'running', or: 'running', to: 'discarded' },
  undo: { from: 'retryable', to: 'retryable' },
  kanthorq_task_batch: { from: 'retryable', to: 'cancelled' },
} as const
type CallName = keyof typeof calls
const names = Object.keys(calls) as CallName[]
const byIds = ['cancel', 'resume', 'discard'] as const
// kanthorq_task_batch skips what it would have to wait for.
const waitingCalls = names.filter((name) => name !== 'kanthorq_task_batch')

// One by one, because each takes several connections out of the pools.

for (const level of ['read committed', 'repeatable read', 'serializable']) {
  const isStrict = level !== 'read committed'
  const begin = `begin isolation level ${level}; select from pg_class limit 1`

  for (const name of names) {
    test.serial(`${level}: ${name} after a task was moved in another session`, async (t) => {
      const { call, session, other } = await ready(t, name)
      await session.query(begin)
      await moveFirst(call, other)
      await movesOnlyTheSecond(t, call, session, isStrict, outcomeOf(call.make(session)))
    })
  }

  for (const name of waitingCalls) {
    test.serial(`${level}: ${name} waits for a task that is then moved, or not`, async (t) => {
      for (const end of ['commit', 'rollback']) {
        const { call, session, other } = await ready(t, name)
        await other.query('begin')
        await moveFirst(call, other)
        await session.query(begin)
        const { outcome } = await untilItWaits(session, () => call.make(session))
        await other.query(end)
        if (end === 'commit') await movesOnlyTheSecond(t, call, session, isStrict, outcome)
        else {
          t.is(await outcome, 2)
          await session.query('commit')
          t.deepEqual(await statesOf(db, call.consumer, call.ids), [call.to, call.to])
        }
      }
    })
  }

  for (const name of byIds) {
    test.serial(`${level}: ${name} takes a task by the state that it sees`, async (t) => {
      const { call, session, other } = await ready(t, name)
      const { from, to } = calls[name]
      await moveFirst(call, other)
      await session.query(begin)
      await moveFirst(call, other, from)
      t.is(await call.make(session), isStrict ? 1 : 2)
      await session.query('commit')
      t.deepEqual(await statesOf(db, call.consumer, call.ids), [isStrict ? from : to, to])
    })
  }
}

test.serial('of two calls for the same tasks the second moves none', async (t) => {
  for (const name of [...byIds, 'undo'] as const) {
    const { call, session, other } = await ready(t, name)
    await other.query('begin')
    t.is(await call.make(other), 2)
    const { outcome } = await untilItWaits(session, () => call.make(session))
    await other.query('commit')
    t.is(await outcome, 0, name)
  }
})

for (const name of byIds) {
  test.serial(`${name} that waited logs what a task was when its turn came`, async (t) => {
    const { call, session, other } = await ready(t, name)
    const { from, or } = calls[name]
    await other.query('begin')
    await moveFirst(call, other, or)
    await other.query(
      `update ${call.table} set updated_at = 2222, schedule_at = 3333, attempt_count = 8, finalized_at = 4444
       where event_id = $1`,
      call.ids.slice(0, 1),
    )
    const { outcome } = await untilItWaits(session, () => call.make(session))
    await other.query('commit')
    t.is(await outcome, 2)
    const operation = (await logOf(db, call.consumer))[0] ?? ''
    t.like(operation, { fromStates: or === from ? { [from]: 2 } : { [or]: 1, [from]: 1 } })
    // The rest of what it was shows when it is undone.
    await new TaskClient(session).undo(operation)
    t.like((await storedTasks(db, call.consumer)).get(call.ids[0] ?? ''), {
      state: or,
      updated_at: 2222,
      schedule_at: 3333,
      attempt_count: 8,
      finalized_at: 4444,
    })
  })
}

test.serial('a worker skips a task that is being cancelled', async (t) => {
  const { call, session } = await ready(t, 'cancel')
  await db.owner.query(`update ${call.table} set attempt_count = 1`)
  await session.query('begin')
  await call.make(session)
  t.deepEqual(await claim(db, call.consumer, 'retryable'), [])
  await session.query('rollback')
  t.deepEqual((await claim(db, call.consumer, 'retryable')).sort(), call.ids.toSorted())
})

// A call waits for a task before it has moved any, and for the log when it has moved all.
const interruptions = [
  {
    hold: ({ table, ids }: ReadyCall) => `select from ${table} where event_id = '${ids[1] ?? ''}' for update`,
    setting: 'lock_timeout',
    code: '55P03',
  },
  {
    hold: () => 'lock table kanthorq_task_operation in share mode',
    setting: 'statement_timeout',
    code: '57014',
  },
]

for (const name of waitingCalls) {
  test.serial(`${name} that times out has changed nothing`, async (t) => {
    for (const { hold, setting, code } of interruptions) {
      const { call, session, other } = await ready(t, name)
      const look = async () => [await storedTasks(db, call.consumer), await logOf(db, call.consumer)]
      const before = await look()
      await other.query(`begin; ${hold(call)}`)
      await session.query(`set ${setting} to '50ms'`)
      t.is(await outcomeOf(call.make(session)), code)
      t.deepEqual(await look(), before)
      await other.query('rollback')
      await session.query('reset all')
      t.is(await call.make(session), 2)
    }
  })
}

let consumers = 0

type ReadyCall = Awaited<ReturnType<typeof ready>>['call']

/** Makes a consumer with two tasks that the call would move, a session to make it in, and another. */
async function ready(t: ExecutionContext, name: CallName) {
  const { from, to } = calls[name]
  const consumer = await makeConsumer(db, `consumer_${++consumers}`)
  const table = await taskTable(db, consumer)
  const ids = await makeTasks(db, consumer, [from, from])
  // Spent, for discard; the others take tasks with any.
  await db.owner.query(`update ${table} set attempt_count = 9`)
  if (name === 'undo') await new TaskClient(db.pool).cancel(consumer, ids)
  const [operation = ''] = await logOf(db, consumer)
  /** Makes the call for both tasks. Returns how many it moved. */
  const make = async (session: pg.ClientBase) => {
    const tasks = new TaskClient(session)
    if (name === 'undo') return (await tasks.undo(operation)).updated.length
    if (name !== 'kanthorq_task_batch') return (await tasks[name](consumer, ids)).updated.length
    const sql = "select updated from kanthorq_task_batch('cancel', $1, '{retryable}')"
    return Number(only(await session.query<{ updated: string }>(sql, [consumer])).updated)
  }
  const [session, other] = [await openSession(t, db.sessions), await openSession(t, db.owner)]
  return { call: { consumer, table, ids, to, make }, session, other }
}

/** Moves the first task to where no call takes it from, as a worker does that has done it; or to another state. */
async function moveFirst({ table, ids: [first] }: ReadyCall, session: pg.ClientBase, to: TaskState = 'completed') {
  const sql = `update ${table} set state = _kanthorq_task_state($2) where event_id = $1`
  await session.query(sql, [first, to])
}

/** The call moves the second of its tasks only; under a strict level it fails first, and is made again. */
async function movesOnlyTheSecond(
  t: ExecutionContext,
  call: ReadyCall,
  session: pg.ClientBase,
  isStrict: boolean,
  outcome: Promise<number | string>,
) {
  if (isStrict) {
    t.is(await outcome, '40001')
    await session.query('rollback; begin')
  }
  t.is(isStrict ? await call.make(session) : await outcome, 1)
  await session.query('commit')
  t.deepEqual(await statesOf(db, call.consumer, call.ids), ['completed', call.to])
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
  // In an object, because to return a promise from here is to wait for it.
  return { outcome }
}
