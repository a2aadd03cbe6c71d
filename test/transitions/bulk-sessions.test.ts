// The procedures that move all tasks commit each batch, and need a session that allows it.
import test from 'ava'
import { callProcedure, loggedOperations, untilProcess } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import {
  fillTable,
  makeConsumer,
  makeTasks,
  only,
  statesOf,
  storedTasks,
  taskTable,
} from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'
import { until } from '../support/until.ts'

const db = useDatabase(test)

// One by one, for each takes several connections out of the pools.

for (const [pause, name] of [
  [", pause => '1 hour'", 'pausing'],
  // After a batch that took long it waits, if it was not told how long.
  ['', 'unhurried'],
] as const) {
  test.serial(`a batch is committed before the next begins (${name})`, async (t) => {
    const session = await openSession(t, db.sessions)
    const holder = await openSession(t, db.owner)
    const consumer = await makeConsumer(db, name)
    const ids = await fillTable(db, consumer, 3, ['available'])
    const pid = await processOf(session)
    await holder.query('begin; lock table kanthorq_task_operation in share mode')

    const call = callProcedure(
      session,
      `kanthorq_task_cancel_all('${name}', '{available}', batch_size => 2${pause})`,
    )
    call.catch(() => undefined)
    await untilBlocked(db.owner, [pid])
    const waited =
      "select now() - query_start > interval '1 second' as so from pg_stat_activity where pid = $1"
    await until(
      async () => only(await db.owner.query<{ so: boolean }>(waited, [pid])).so,
      'the call is not a second old',
    )
    await holder.query('rollback')
    await untilProcess(db.owner, pid, 'sleeps')
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled', 'available'])
    t.is((await loggedOperations(db, consumer)).length, 1)
    // It holds nothing while it waits.
    const locked = `select from ${await taskTable(db, consumer)} for update nowait`
    t.is((await holder.query(locked)).rowCount, 3)

    await db.owner.query('select pg_cancel_backend($1)', [pid])
    await t.throwsAsync(call, { code: '57014' })
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled', 'available'])
  })
}

const actions = ['cancel', 'resume', 'discard'] as const
/** In PL/pgSQL each result needs a variable. */
const results = ', updated => n, skipped => n, bulk_id => n'

/** What refuses to be part of a transaction, and what the transaction is. */
const transactions: Record<string, (call: string) => string[]> = {
  'in BEGIN': (call) => ['begin', call],
  'in a DO block in BEGIN': (call) => ['begin', `do $$ declare n bigint; begin ${call}; end $$`],
  'in a function': (call) => [
    `create function pg_temp.in_function() returns void language plpgsql as $$ declare n bigint; begin ${call}; end $$`,
    'select pg_temp.in_function()',
  ],
  'beside another statement in one message': (call) => [`select 1; ${call}`],
}

for (const [where, statements] of Object.entries(transactions)) {
  test.serial(`each is refused ${where}, and nothing has changed`, async (t) => {
    const consumer = await makeConsumer(db, where.replaceAll(' ', '_'))
    const ids = await makeTasks(db, consumer, ['available', 'discarded', 'running'])
    await db.owner.query(`update ${await taskTable(db, consumer)} set attempt_count = 9`)
    const before = await storedTasks(db, consumer)
    for (const action of actions) {
      const session = await openSession(t, db.sessions)
      const total = /DO|function/.test(where) ? results : ''
      const procedure = `call kanthorq_task_${action}_all('${consumer}', everything => true${total})`
      const error = await t.throwsAsync(
        async () => {
          for (const statement of statements(procedure)) await session.query(statement)
        },
        {
          code: '25001',
          message: `kanthorq_task_${action}_all commits each batch, so it can't be part of a transaction`,
        },
      )
      t.like(error, {
        hint: 'Call it outside BEGIN and outside a function; or call the function that does one batch in your transaction.',
      })
      await session.query('commit')
    }
    t.deepEqual(await storedTasks(db, consumer), before)
    t.deepEqual(await loggedOperations(db, consumer), [])
    t.is(ids.length, before.size)
  })
}

test.serial('a DO block that is no part of a transaction may call it', async (t) => {
  const session = await openSession(t, db.sessions)
  const consumer = await makeConsumer(db, 'do_block')
  const ids = await fillTable(db, consumer, 3, ['available'])
  await session.query(
    `do $$ declare n bigint; begin call kanthorq_task_cancel_all('do_block', '{available}', batch_size => 2${results}); end $$`,
  )
  t.deepEqual(await statesOf(db, consumer, ids), Array(3).fill('cancelled'))
  t.is((await loggedOperations(db, consumer)).length, 2)
})

for (const level of ['repeatable read', 'serializable']) {
  test.serial(`it works where transactions are ${level} by default`, async (t) => {
    const session = await openSession(t, db.sessions)
    const consumer = await makeConsumer(db, level.replace(' ', '_'))
    const ids = await fillTable(db, consumer, 5, ['available'])
    await session.query(`set default_transaction_isolation to '${level}'`)
    const call = `kanthorq_task_cancel_all('${consumer}', everything => true, batch_size => 2)`
    t.is((await callProcedure(session, call)).updated, 5)
    t.deepEqual(await statesOf(db, consumer, ids), Array(5).fill('cancelled'))
  })
}
