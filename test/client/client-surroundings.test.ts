// What surrounds a call: the caller's transaction, the schema of the functions, the caller's search_path.
import test from 'ava'
import pg from 'pg'
import { migrate, NotFoundError, TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

test('a call is undone by ROLLBACK', async (t) => {
  const consumer = await makeConsumer(db, 'rolled_back')
  const ids = await makeTasks(db, consumer, ['available', 'cancelled'])
  const [available = ''] = ids
  const session = await openSession(t, db.sessions)
  const tasks = new TaskClient(session)

  await session.query('begin')
  t.deepEqual((await tasks.cancel(consumer, [available])).updated, [available])
  t.deepEqual((await tasks.resume(consumer, ids)).updated, ids)
  t.deepEqual(await statesOf(db, consumer, ids), ['available', 'cancelled'], 'nobody else sees it')
  await session.query('rollback')
  t.deepEqual(await statesOf(db, consumer, ids), ['available', 'cancelled'])
})

test('a call lasts with COMMIT', async (t) => {
  const consumer = await makeConsumer(db, 'committed')
  const ids = await makeTasks(db, consumer, ['available'])
  const session = await openSession(t, db.sessions)

  await session.query('begin')
  await new TaskClient(session).cancel(consumer, ids)
  await session.query('commit')
  t.deepEqual(await statesOf(db, consumer, ids), ['cancelled'])
})

test('a call is undone by ROLLBACK TO SAVEPOINT, and what came before it is not', async (t) => {
  const consumer = await makeConsumer(db, 'savepoint')
  const ids = await makeTasks(db, consumer, ['available', 'available'])
  const [first = '', second = ''] = ids
  const session = await openSession(t, db.sessions)
  const tasks = new TaskClient(session)

  await session.query('begin')
  await tasks.cancel(consumer, [first])
  await session.query('savepoint before')
  await tasks.cancel(consumer, [second])
  await tasks.resume(consumer, [first])
  await session.query('rollback to savepoint before')
  await session.query('commit')
  t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'available'])
})

test('a call sees what its transaction did before', async (t) => {
  const consumer = await makeConsumer(db, 'sees_itself')
  const ids = await makeTasks(db, consumer, ['available'])
  const session = await openSession(t, db.sessions)
  const tasks = new TaskClient(session)

  await session.query('begin')
  t.deepEqual(await tasks.cancel(consumer, ids), { updated: ids, noop: [] })
  t.deepEqual(await tasks.cancel(consumer, ids), { updated: [], noop: ids })
  t.deepEqual(await tasks.resume(consumer, ids), { updated: ids, noop: [] })
  await session.query('commit')
  t.deepEqual(await statesOf(db, consumer, ids), ['running'])
})

// 'My Queue-2' works only where it is quoted; 'Queue' would be found as queue where it is not.
for (const schema of ['queue', 'Queue', 'My Queue-2']) {
  test.serial(`the functions may live in the schema ${schema}`, async (t) => {
    const id = await installInto(schema)
    const tasks = new TaskClient(db.pool, { schema })
    t.deepEqual(await tasks.cancel('elsewhere', [id]), { updated: [id], noop: [] })
    t.deepEqual(await tasks.resume('elsewhere', [id, 'none']), { updated: [id], noop: ['none'] })
    await t.throwsAsync(new TaskClient(db.pool).cancel('elsewhere', [id]), {
      instanceOf: NotFoundError,
    })
  })
}

test('the search_path of the caller does not matter', async (t) => {
  const consumer = await makeConsumer(db, 'search_path')
  const session = await openSession(t, db.sessions)
  const tasks = new TaskClient(session)
  // What the functions need, by the same names and in the schema that is searched before all others.
  await session.query(`
    create temp table kanthorq_consumer_registry (name text);
    create function pg_temp.kanthorq_task_cancel(consumer text, event_ids text[], reason text) returns text language sql as 'select 1';
    create function pg_temp.array_position(text[], text) returns integer language sql as 'select 1';
  `)
  for (const path of ["''", 'nowhere', 'pg_temp', 'pg_temp, pg_catalog, public']) {
    await session.query(`set search_path to ${path}`)
    const ids = await makeTasks(db, consumer, ['available'])
    t.deepEqual(await tasks.cancel(consumer, ids), { updated: ids, noop: [] }, path)
    t.deepEqual(await tasks.resume(consumer, ids), { updated: ids, noop: [] }, path)
    const shown = await session.query<{ search_path: string }>('show search_path')
    t.is(only(shown).search_path, path.replace("''", '""'), 'and is as it was')
  }
})

/** Installs everything into the schema for whoever is tested, and makes one task that is available. */
async function installInto(schema: string): Promise<string> {
  await migrate({ database: db.ownerUrl, schema })
  const tested = only(await db.pool.query<{ role: string }>('select current_user as role')).role
  const [s, role] = [pg.escapeIdentifier(schema), pg.escapeIdentifier(tested)]
  await db.owner.query(`
    grant usage on schema ${s} to ${role};
    grant execute on all routines in schema ${s} to ${role};
    select ${s}.kanthorq_consumer_register('s', 'elsewhere', '{>}');
  `)
  const { id } = only(
    await db.owner.query<{ id: string }>(
      `select ${s}.kanthorq_stream_publish('s', 'order.created', '') as id`,
    ),
  )
  await db.owner.query(`select ${s}.kanthorq_task_convert('elsewhere', array[$1::text])`, [id])
  return id
}
