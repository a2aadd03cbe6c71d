// The procedures that move all tasks that a filter matches. They commit, so no pgTAP test can call them.
import test from 'ava'
import { callProcedure, loggedOperations } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import {
  fillTable,
  makeConsumer,
  makeTasks,
  statesOf,
  storedTasks,
  taskTable,
} from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

// One by one, for each takes several connections out of the pools.

test.serial('each moves all tasks that it takes, and says how many', async (t) => {
  const session = await openSession(t, db.pool)
  const consumer = await makeConsumer(db, 'each')
  const states = ['pending', 'available', 'retryable', 'discarded', 'cancelled', 'running'] as const
  const ids = await makeTasks(db, consumer, states)
  const completed = await makeTasks(db, consumer, ['completed'])
  await db.owner.query(
    `update ${await taskTable(db, consumer)} set attempt_count = 9 where event_id = $1`,
    [ids[5]],
  )
  const call = async (action: string) =>
    callProcedure(session, `kanthorq_task_${action}_all(consumer => 'each', everything => true)`)

  t.is((await call('cancel')).updated, 3)
  const cancelled = ['cancelled', 'cancelled', 'cancelled', 'discarded', 'cancelled', 'running']
  t.deepEqual(await statesOf(db, consumer, ids), cancelled)
  t.is((await call('discard')).updated, 1)
  t.deepEqual(await statesOf(db, consumer, ids), [...cancelled.slice(0, 5), 'discarded'])
  t.is((await call('resume')).updated, 6)
  t.deepEqual(await statesOf(db, consumer, ids), Array(6).fill('running'))
  t.deepEqual(await call('resume'), { updated: 0, skipped: 0, bulkId: null, notices: [] })
  t.deepEqual(await statesOf(db, consumer, completed), ['completed'])
})

test.serial('each takes the filter, the pace and the rest by name', async (t) => {
  const session = await openSession(t, db.pool)
  const consumer = await makeConsumer(db, 'by_name')
  const table = await taskTable(db, consumer)
  const states = { cancel: 'available', resume: 'discarded', discard: 'running' } as const
  for (const [action, state] of Object.entries(states)) {
    await db.owner.query(`delete from ${table}`)
    const ids = await fillTable(db, consumer, 9, [state])
    // The odd ones are meant, but for the last.
    await db.owner.query(
      `update ${table} set schedule_at = 1, attempt_count = 9, metadata = '{"customer": "42"}',
         attempted_error = array['{"error": "smtp: timeout"}']::jsonb[], created_at = 5000,
         subject = case when event_id in (select unnest($1::text[])) then 'order.created' else 'order' end`,
      [ids.filter((_, n) => n % 2 === 0)],
    )
    const { updated, notices } = await callProcedure(
      session,
      `kanthorq_task_${action}_all(consumer => 'by_name', states => '{${state}}', subject => 'order.*',
         metadata => '{"customer": "42"}', error => 'timeout', created_after => to_timestamp(5),
         created_before => to_timestamp(6), everything => false, batch_size => 3, max_tasks => 4,
         pause => '1 millisecond', reason => 'INC-42'
         ${action === 'resume' ? ", schedule_at => '2100-01-01Z', reset_attempts => true, spread => '4 seconds'" : ''})`,
    )
    t.is(updated, 4)
    t.deepEqual(notices, [`${action} by_name: 3 tasks so far`, `${action} by_name: 4 tasks so far`])
    const moved = (await loggedOperations(db, consumer)).slice(-2)
    t.deepEqual(
      moved.map((operation) => [operation.action, operation.reason, operation.from_states]),
      [
        [action, 'INC-42', [state, state, state]],
        [action, 'INC-42', [state]],
      ],
    )
    t.is(new Set(moved.map(({ transaction_id }) => transaction_id)).size, 2)
    const meant = ids.filter((_, n) => n % 2 === 0).slice(0, 4)
    t.deepEqual(
      moved.flatMap(({ event_ids }) => event_ids),
      meant,
    )
    if (action !== 'resume') continue
    const tasks = await storedTasks(db, consumer)
    t.deepEqual(
      meant.map((id) => tasks.get(id)?.schedule_at),
      [0, 1, 2, 3].map((second) => Date.parse('2100-01-01Z') + second * 1000),
    )
  }
})

test.serial('locked tasks are skipped and counted, and are taken by a later call', async (t) => {
  const [session, worker] = [await openSession(t, db.pool), await openSession(t, db.owner)]
  const consumer = await makeConsumer(db, 'locked')
  const ids = await fillTable(db, consumer, 10, ['available'])
  const locked = ids.filter((_, n) => n % 3 === 0)
  await worker.query('begin')
  await worker.query(
    `select from ${await taskTable(db, consumer)} where event_id = any ($1) for update`,
    [locked],
  )
  const call = "kanthorq_task_cancel_all('locked', everything => true, batch_size => 2)"
  const { updated, skipped, notices } = await callProcedure(session, call)
  t.deepEqual([updated, skipped], [6, 4])
  t.regex(notices.at(-1) ?? '', /^cancel locked: 4 tasks skipped/)
  const states = ids.map((id) => (locked.includes(id) ? 'available' : 'cancelled'))
  t.deepEqual(await statesOf(db, consumer, ids), states)

  await worker.query('rollback')
  t.like(await callProcedure(session, call), { updated: 4, skipped: 0 })
  t.deepEqual(await statesOf(db, consumer, ids), Array(10).fill('cancelled'))
})

test.serial(
  'undo_all takes back a bulk, the newest batch first, but for what has changed since',
  async (t) => {
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
    t.regex(undo.notices[3] ?? '', /1 tasks left alone/)
    const after = await storedTasks(db, consumer)
    t.deepEqual(
      ids.slice(1).map((id) => after.get(id)),
      ids.slice(1).map((id) => before.get(id)),
    )
    t.is(after.get(ids[0] ?? '')?.state, 'running')
    const undone = (await loggedOperations(db, consumer)).filter(({ action }) => action === 'undo')
    t.deepEqual(
      undone.map(({ reason, event_ids }) => [reason, event_ids]),
      [
        ['sorry', ids.slice(4)],
        ['sorry', ids.slice(2, 4)],
        ['sorry', ids.slice(1, 2)],
      ],
    )
    t.is(new Set(undone.map(({ transaction_id }) => transaction_id)).size, 3)
  },
)
