// What a call scans, as PostgreSQL counts it in the session.
import test from 'ava'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

test('tasks are found by key, however many are named', async (t) => {
  const consumer = await makeConsumer(db, 'planned')
  const ids = await fillTable(db, consumer, 30_000, ['available', 'discarded', 'running'])
  const table = await taskTable(db, consumer)
  await db.owner.query(`analyze ${table}`)
  for (const count of [1, 500, 20_000]) {
    for (const transition of ['cancel', 'resume'] as const) {
      const session = await openSession(t, db.sessions)
      await session.query('begin')
      const { updated } = await new TaskClient(session)[transition](consumer, ids.slice(0, count))
      t.true(count === 1 || updated.length > 0)
      const { rows } = await session.query(
        `select oid::regclass::text as scanned from pg_class
         where (oid = $1::regclass or oid in (select indexrelid from pg_index where indrelid = $1::regclass))
           and pg_stat_get_xact_numscans(oid) > 0`,
        [table],
      )
      await session.query('rollback')
      t.deepEqual(rows, [{ scanned: `${table}_pkey` }], `${transition} of ${count}`)
    }
  }
})
