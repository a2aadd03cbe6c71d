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
