// The log of transitions, as sessions and their transactions see it.
import test from 'ava'
import { loggedOperations } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'

const db = useDatabase(test)

// One by one, for each takes several connections out of the pools.

for (const end of ['commit', 'rollback'] as const) {
  const fate = end === 'commit' ? 'come into' : 'stay out of'
  test.serial(`operations ${fate} the log with the ${end} of their transaction`, async (t) => {
    const session = await openSession(t, db.sessions)
    const consumer = await makeConsumer(db, end)
    const ids = await makeTasks(db, consumer, ['available', 'discarded'])
    await session.query('begin')
    await session.query('select kanthorq_task_cancel($1, $2)', [consumer, ids])
    await session.query('select kanthorq_task_resume($1, $2)', [consumer, ids])
    const transaction = await session.query<{ id: string }>(
      'select pg_current_xact_id()::text as id',
    )
    t.deepEqual(await loggedOperations(db, consumer), [], 'nobody else sees them before')
    await session.query(end)
    const { id } = only(transaction)
    t.deepEqual(
      (await loggedOperations(db, consumer)).map((row) => [row.action, row.transaction_id]),
      ['cancel', 'resume'].filter(() => end === 'commit').map((action) => [action, id]),
    )
  })
}

const meanwhile = {
  cancel: ['retryable', 'available'],
  resume: ['discarded', 'cancelled'],
  discard: ['running', 'running'],
} as const

for (const [action, [was, became]] of Object.entries(meanwhile)) {
  test.serial(`a ${action} that waited logs what a task was when its turn came`, async (t) => {
    const [session, other] = [await openSession(t, db.sessions), await openSession(t, db.owner)]
    const consumer = await makeConsumer(db, `waited_${action}`)
    const table = await taskTable(db, consumer)
    const ids = await makeTasks(db, consumer, [was, was, was])
    await db.owner.query(`update ${table} set attempt_count = 7`)
    const pid = await processOf(session)

    // While it waits, one task changes and is still taken, one changes and is not, one stays as it is.
    await other.query('begin')
    await other.query(
      `update ${table} set state = _kanthorq_task_state($2), updated_at = 2222, schedule_at = 3333,
         attempt_count = 9, finalized_at = case when $2 = 'cancelled' then 4444 else 0 end
       where event_id = $1`,
      [ids[0], became],
    )
    await other.query(
      `update ${table} set state = _kanthorq_task_state('completed') where event_id = $1`,
      [ids[1]],
    )
    const call = session.query<{ updated: string[]; noop: string[] }>(
      `select updated, noop from kanthorq_task_${action}($1, $2)`,
      [consumer, ids],
    )
    await untilBlocked(db.owner, [pid], await processOf(other))
    await other.query('commit')
    t.deepEqual(only(await call), { updated: [ids[0], ids[2]], noop: [ids[1]] })

    const [operation] = await loggedOperations(db, consumer)
    t.like(operation, { event_ids: [ids[0], ids[2]], from_states: [became, was] })
    // The rest of what it was shows when it is undone.
    await session.query('select kanthorq_task_undo($1)', [operation?.id])
    t.like((await storedTasks(db, consumer)).get(ids[0] ?? ''), {
      state: became,
      updated_at: 2222,
      schedule_at: 3333,
      attempt_count: 9,
      finalized_at: became === 'cancelled' ? 4444 : 0,
    })
  })
}
