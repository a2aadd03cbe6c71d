// Undo beside other sessions: who waits for whom, and who reports what.
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import type { TransitionResult } from 'kanthorq-tasks'
import { loggedOperations } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'

const db = useDatabase(test)

// One by one, for each takes several connections out of the pools.

for (const end of ['commit', 'rollback'] as const) {
  const outcome = end === 'commit' ? 'finds nothing left to do' : 'does it instead'
  test.serial(
    `an undo waits for another of the same operation, and after its ${end} ${outcome}`,
    async (t) => {
      const { consumer, ids, before, operation } = await cancelled(t, `undo_${end}`)
      const [first, second] = [await openSession(t, db.sessions), await openSession(t, db.sessions)]
      const pid = await processOf(second)

      await first.query('begin')
      t.deepEqual(await undo(first, operation), { updated: ids, noop: [] })
      const call = undo(second, operation)
      await untilBlocked(db.owner, [pid], await processOf(first))
      await first.query(end)
      const [updated, noop] = end === 'commit' ? [[], ids] : [ids, []]
      t.deepEqual(await call, { updated, noop })
      t.deepEqual(await storedTasks(db, consumer), before)
      t.is((await loggedOperations(db, consumer)).length, 2)
    },
  )

  const fate = end === 'commit' ? 'leaves the task to it' : 'takes the task back'
  test.serial(`an undo waits for a worker, and after its ${end} ${fate}`, async (t) => {
    const consumer = await makeConsumer(db, `worker_${end}`)
    const ids = await makeTasks(db, consumer, ['discarded'])
    await db.pool.query('select kanthorq_task_resume($1, $2, schedule_at => $3)', [
      consumer,
      ids,
      new Date(0),
    ])
    const [operation] = await loggedOperations(db, consumer)
    const [worker, session] = [await openSession(t, db.owner), await openSession(t, db.sessions)]
    const pid = await processOf(session)

    await worker.query('begin')
    t.is((await worker.query('select test.pull($1)', [consumer])).rowCount, 1)
    const call = undo(session, operation?.id)
    await untilBlocked(db.owner, [pid], await processOf(worker))
    await worker.query(end)
    const [updated, noop] = end === 'commit' ? [[], ids] : [ids, []]
    t.deepEqual(await call, { updated, noop })
    t.deepEqual(await statesOf(db, consumer, ids), [end === 'commit' ? 'running' : 'discarded'])
  })
}

test.serial('an undo and a call for the same tasks in another order do not deadlock', async (t) => {
  const { consumer, ids, operation } = await cancelled(t, 'no_deadlock')
  const [holder, first, second] = [
    await openSession(t, db.sessions),
    await openSession(t, db.sessions),
    await openSession(t, db.sessions),
  ]
  const pids = [await processOf(first), await processOf(second)]
  // Nothing says that the log has them in the order of their ids.
  await db.owner.query(
    `update kanthorq_task_operation set (event_ids, from_state, from_updated_at) = (
       select array_agg(e order by n desc), array_agg(s order by n desc), array_agg(u order by n desc)
       from unnest(event_ids, from_state, from_updated_at) with ordinality l (e, s, u, n)
     ) where id = $1`,
    [operation],
  )
  // Keeps a task in the middle until both wait for it.
  await holder.query('begin')
  await holder.query('select kanthorq_task_resume($1, $2)', [consumer, ids.slice(1, 2)])
  const calls = Promise.all([
    undo(first, operation),
    second.query<TransitionResult>('select updated, noop from kanthorq_task_resume($1, $2)', [
      consumer,
      ids,
    ]),
  ])
  await untilBlocked(db.owner, pids)
  await holder.query('rollback')
  const [undone, resumed] = await calls
  t.deepEqual([...undone.updated, ...only(resumed).updated].sort(), ids)
})

/** Three tasks that have just been cancelled by one operation, and how they were before. */
async function cancelled(t: ExecutionContext, name: string) {
  const consumer = await makeConsumer(db, name)
  const ids = await makeTasks(db, consumer, ['pending', 'available', 'retryable'])
  const before = await storedTasks(db, consumer)
  await db.pool.query('select kanthorq_task_cancel($1, $2)', [consumer, ids])
  const [operation] = await loggedOperations(db, consumer)
  t.deepEqual(operation?.event_ids, ids)
  return { consumer, ids, before, operation: operation?.id }
}

async function undo(session: pg.ClientBase, operation: string | undefined) {
  return only(
    await session.query<TransitionResult>('select updated, noop from kanthorq_task_undo($1)', [
      operation,
    ]),
  )
}
