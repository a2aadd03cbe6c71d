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
    t.deepEqual(
      moved.flatMap(({ event_ids }) => event_ids),
      ids.filter((_, n) => n % 2 === 0).slice(0, 4),
    )
  }
})

test.serial('what is resumed is spread evenly', async (t) => {
  const session = await openSession(t, db.pool)
  const consumer = await makeConsumer(db, 'spread')
  await fillTable(db, consumer, 8, ['cancelled', 'discarded'])
  await callProcedure(
    session,
    `kanthorq_task_resume_all('spread', everything => true, batch_size => 3, schedule_at => '2100-01-01Z',
       spread => '8 seconds')`,
  )
  const due = [...(await storedTasks(db, consumer)).values()].map((task) => task.schedule_at)
  const start = Date.parse('2100-01-01T00:00:00Z')
  t.deepEqual(
    due.sort((a, b) => a - b).map((at) => at - start),
    [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000],
  )
})

test.serial('each batch is a transaction, and says how many tasks there were so far', async (t) => {
  const session = await openSession(t, db.pool)
  const consumer = await makeConsumer(db, 'notices')
  await fillTable(db, consumer, 7, ['pending', 'retryable'])
  const { notices, updated } = await callProcedure(
    session,
    "kanthorq_task_cancel_all('notices', everything => true, batch_size => 2)",
  )
  t.deepEqual(
    notices,
    [2, 4, 6, 7].map((n) => `cancel notices: ${n} tasks so far`),
  )
  t.is(updated, 7)
  const operations = await loggedOperations(db, consumer)
  t.is(new Set(operations.map(({ transaction_id }) => transaction_id)).size, 4)
})

for (const index of [true, false]) {
  test.serial(
    `locked tasks are skipped, and are taken by a later call (${index ? 'with' : 'without'} index)`,
    async (t) => {
      const [session, worker] = [await openSession(t, db.pool), await openSession(t, db.owner)]
      const consumer = await makeConsumer(db, `locked_${index ? 'index' : 'key'}`)
      const table = await taskTable(db, consumer)
      if (!index) await dropIndexes(table)
      const ids = await fillTable(db, consumer, 10, ['available'])
      const locked = ids.filter((_, n) => n % 3 === 0)
      await worker.query('begin')
      await worker.query(`select from ${table} where event_id = any ($1) for update`, [locked])

      const call = `kanthorq_task_cancel_all('${consumer}', everything => true, batch_size => 2)`
      t.is((await callProcedure(session, call)).updated, 6)
      const states = ids.map((id) => (locked.includes(id) ? 'available' : 'cancelled'))
      t.deepEqual(await statesOf(db, consumer, ids), states)

      await worker.query('rollback')
      t.is((await callProcedure(session, call)).updated, 4)
      t.deepEqual(await statesOf(db, consumer, ids), Array(10).fill('cancelled'))
    },
  )
}

async function dropIndexes(table: string): Promise<void> {
  const { rows } = await db.owner.query<{ name: string }>(
    'select indexrelid::regclass::text as name from pg_index where indrelid = $1::regclass and not indisprimary',
    [table],
  )
  for (const { name } of rows) await db.owner.query(`drop index ${name}`)
}
