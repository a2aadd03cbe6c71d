// The procedures that move all tasks that a filter matches. They commit each batch, so no pgTAP test can call them.
import test from 'ava'
import type pg from 'pg'
import { callProcedure, logOf, untilProcess } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, makeTasks, only, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'
import { until } from '../support/until.ts'

const db = useDatabase(test)

const states = { cancel: 'available', resume: 'discarded', discard: 'running' } as const

// One by one, for each takes several connections out of the pools.

test.serial('each takes the filter, the pace and the rest by name', async (t) => {
  const session = await openSession(t, db.pool)
  const consumer = await makeConsumer(db, 'by_name')
  const table = await taskTable(db, consumer)
  for (const [action, state] of Object.entries(states)) {
    await db.owner.query(`delete from ${table}`)
    const ids = await fillTable(db, consumer, 9, [state])
    // Every other task matches.
    const matching = ids.filter((_, n) => n % 2 === 0)
    await db.owner.query(
      `update ${table} set schedule_at = 1, attempt_count = 9, metadata = '{"customer": "42"}',
         attempted_error = array['{"error": "smtp: timeout"}']::jsonb[], created_at = 5000,
         subject = case when event_id = any ($1) then 'order.created' else 'order' end`,
      [matching],
    )
    const { updated, notices, bulkId } = await callProcedure(
      session,
      `kanthorq_task_${action}_all(consumer => 'by_name', states => '{${state}}', subject => 'order.*',
         metadata => '{"customer": "42"}', error => 'timeout', created_after => to_timestamp(5),
         created_before => to_timestamp(6), everything => false, batch_size => 3, max_tasks => 4,
         pause => '1 millisecond', reason => 'INC-42'
         ${action === 'resume' ? ", schedule_at => '2100-01-01Z', reset_attempts => true, spread => '4 seconds'" : ''})`,
    )
    t.is(updated, 4)
    t.deepEqual(notices.slice(0, 2), [`${action} by_name: 3 of 4 tasks so far`, `${action} by_name: 4 of 4 tasks so far`])
    t.is(notices[2], `${action} by_name: 4 tasks in 2 batches; to take them back: call kanthorq_task_undo_all(${bulkId ?? ''})`)
    const batches = (await logOf(db, consumer)).slice(-2)
    const both = { action, reason: 'INC-42' } as const
    t.like(batches, [
      { ...both, fromStates: { [state]: 3 }, eventIds: matching.slice(0, 3) },
      { ...both, fromStates: { [state]: 1 }, eventIds: matching.slice(3, 4) },
    ])
    t.not(batches[0]?.transactionId, batches[1]?.transactionId)
    if (action !== 'resume') continue
    const tasks = await storedTasks(db, consumer)
    const start = Date.parse('2100-01-01Z')
    for (const [n, id] of matching.slice(0, 4).entries())
      t.like(tasks.get(id), { schedule_at: start + n * 1000, attempt_count: 0 })
  }
})

test.serial('locked tasks are skipped and counted, and are taken by a later call', async (t) => {
  const [session, worker] = [await openSession(t, db.pool), await openSession(t, db.owner)]
  const consumer = await makeConsumer(db, 'locked')
  const ids = await fillTable(db, consumer, 10, ['available'])
  const locked = ids.filter((_, n) => n % 3 === 0)
  await worker.query('begin')
  await worker.query(`select from ${await taskTable(db, consumer)} where event_id = any ($1) for update`, [locked])
  const call = "kanthorq_task_cancel_all('locked', everything => true, batch_size => 2)"
  const { updated, skipped, notices } = await callProcedure(session, call)
  t.deepEqual([updated, skipped], [6, 4])
  t.regex(notices.at(-1) ?? '', /^cancel locked: 4 tasks skipped/)
  t.deepEqual(
    await statesOf(db, consumer, ids),
    ids.map((id) => (locked.includes(id) ? 'available' : 'cancelled')),
  )

  await worker.query('rollback')
  t.like(await callProcedure(session, call), { updated: 4, skipped: 0 })
  t.deepEqual(await statesOf(db, consumer, ids), Array(10).fill('cancelled'))
  const nothing = { updated: 0, skipped: 0, bulkId: null, notices: [] }
  t.deepEqual(await callProcedure(session, call), nothing)
})

test.serial('undo_all takes back a bulk batch by batch, but for what has changed since', async (t) => {
  const session = await openSession(t, db.pool)
  const consumer = await makeConsumer(db, 'undone')
  const ids = await fillTable(db, consumer, 5, ['pending', 'retryable'])
  const before = await storedTasks(db, consumer)
  const call = "kanthorq_task_cancel_all('undone', everything => true, batch_size => 2)"
  const { bulkId } = await callProcedure(session, call)
  await db.owner.query('select kanthorq_task_resume($1, $2)', [consumer, ids.slice(0, 1)])

  const undo = await callProcedure(session, `kanthorq_task_undo_all(${bulkId ?? ''}, 'sorry')`)
  t.like(undo, { updated: 4, skipped: 1 })
  const told = [1, 3, 4].map((total) => `undo of bulk ${bulkId ?? ''}: ${total} tasks so far`)
  t.deepEqual(undo.notices.slice(0, 3), told)
  t.regex(undo.notices[3] ?? '', /: 4 tasks in 3 batches; to take them back: call kanthorq_task_undo_all\(\d+\)$/)
  t.regex(undo.notices[4] ?? '', /1 tasks left alone/)
  const [resumed, ...restored] = (await storedTasks(db, consumer)).values()
  t.is(resumed?.state, 'running')
  t.deepEqual(restored, [...before.values()].slice(1))
  const undone = (await logOf(db, consumer)).filter(({ action }) => action === 'undo')
  t.true(undone.every(({ reason }) => reason === 'sorry'))
  t.is(new Set(undone.map(({ transactionId }) => transactionId)).size, 3)
})

test.serial('undo_all waits for the batch that is at work, so that it takes that back too', async (t) => {
  const [session, undoer] = [await openSession(t, db.sessions), await openSession(t, db.sessions)]
  const [working, waiting] = [await processOf(session), await processOf(undoer)]
  const consumer = await makeConsumer(db, 'at_work')
  const ids = await fillTable(db, consumer, 5, ['available'])
  const batch = async (progress?: string) =>
    only(
      await session.query<{ progress: string; bulk_id: string }>(
        `select progress::text, bulk_id
         from kanthorq_task_batch('cancel', 'at_work', '{available}', batch_size => 2, progress => $1)`,
        [progress],
      ),
    )
  const first = await batch()
  await session.query('begin')
  await batch(first.progress)
  const undo = callProcedure(undoer, `kanthorq_task_undo_all(${first.bulk_id})`)
  await Promise.race([withoutWaiting(undo), untilBlocked(db.owner, [waiting], working)])
  await session.query('commit')
  t.like(await undo, { updated: 4, skipped: 0 })
  t.deepEqual(await statesOf(db, consumer, ids), Array(5).fill('available'))
})

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
    const all = `kanthorq_task_cancel_all('${name}', '{available}', batch_size => 2${pause})`

    await holder.query('begin; lock table kanthorq_task_operation in share mode')
    const call = callProcedure(session, all)
    call.catch(() => undefined)
    await untilBlocked(db.owner, [pid])
    const waited = "select now() - query_start > interval '1 second' as so from pg_stat_activity where pid = $1"
    await until(async () => only(await db.owner.query<{ so: boolean }>(waited, [pid])).so, 'the call is not a second old')
    await holder.query('rollback')
    await untilProcess(db.owner, pid, 'sleeps')
    // It waits in short transactions: a long one would hold back vacuum, and end by transaction_timeout.
    const begin = "select coalesce(xact_start, '-infinity')::text as at from pg_stat_activity where pid = $1"
    const { at } = only(await db.owner.query<{ at: string }>(begin, [pid]))
    const begun = async () => only(await db.owner.query<{ at: string }>(begin, [pid])).at > at
    if (pause !== '') await until(begun, 'the call has begun no other transaction')
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled', 'available'])
    t.is((await logOf(db, consumer)).length, 1)
    // It holds nothing while it waits.
    const locked = `select from ${await taskTable(db, consumer)} for update nowait`
    t.is((await holder.query(locked)).rowCount, 3)

    await db.owner.query('select pg_cancel_backend($1)', [pid])
    const error = await t.throwsAsync<pg.DatabaseError>(call, { code: '57014' })
    t.regex(String(error.detail), /^1 batches with 2 tasks were committed before and stay, as bulk \d+\.$/)
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled', 'available'])
    t.is((await callProcedure(session, all)).updated, 1, 'the same call does the rest')
  })
}

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
    await makeTasks(db, consumer, ['available', 'discarded', 'running'])
    await db.owner.query(`update ${await taskTable(db, consumer)} set attempt_count = 9`)
    const before = await storedTasks(db, consumer)
    for (const action of Object.keys(states)) {
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
      t.regex(String((error as pg.DatabaseError | undefined)?.hint), /^Call it outside BEGIN and/)
      await session.query('commit')
    }
    t.deepEqual(await storedTasks(db, consumer), before)
    t.deepEqual(await logOf(db, consumer), [])
  })
}

/** Where it may be called, and how. */
const sessions: Record<string, (call: string) => string[]> = {
  'in a DO block that is no part of a transaction': (call) => [
    `do $$ declare n bigint; begin ${call.replace(/\)$/, `${results})`)}; end $$`,
  ],
  'where transactions are repeatable read by default': (call) => [
    "set default_transaction_isolation to 'repeatable read'",
    call,
  ],
  'where transactions are serializable by default': (call) => ["set default_transaction_isolation to 'serializable'", call],
}

for (const [where, statements] of Object.entries(sessions)) {
  test.serial(`it works ${where}`, async (t) => {
    const session = await openSession(t, db.sessions)
    const consumer = await makeConsumer(db, where.replaceAll(' ', '_'))
    const ids = await fillTable(db, consumer, 5, ['available'])
    const call = `call kanthorq_task_cancel_all('${consumer}', '{available}', batch_size => 2)`
    for (const statement of statements(call)) await session.query(statement)
    t.deepEqual(await statesOf(db, consumer, ids), Array(5).fill('cancelled'))
    t.is((await logOf(db, consumer)).length, 3)
  })
}
