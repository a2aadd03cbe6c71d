// Several clients, and one session of the server that PgBouncer lends to them a transaction at a time: what one of them
// leaves there, the next one finds. (With KANTHORQ_TEST_VIA=pgbouncer all other tests go through it.)
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { connect } from '../support/empty-database.ts'
import { findPgBouncer, startPgBouncer, through } from '../support/pgbouncer.ts'
import { fillTable, makeConsumer, makeTasks, only } from '../support/scene.ts'
import { processOf } from '../support/sessions.ts'
import { callEach } from './each-function.ts'

const db = useDatabase(test)

if (findPgBouncer() === undefined && process.env['KANTHORQ_TEST_VIA'] === undefined) {
  test('it works with PgBouncer', (t) => {
    t.log('not tried: PgBouncer is not installed')
    t.pass()
  })
} else {
  test('no call leaves anything in the session', async (t) => {
    const [caller, other] = await twoClients(t)
    const consumer = await makeConsumer(db, 'leaves_nothing')
    const ids = await makeTasks(db, consumer, ['available', 'discarded', 'running'])
    await new TaskClient(db.owner).cancel(consumer, ids)
    const [{ id: operationId } = { id: '' }] = await new TaskClient(db.owner).operations(consumer)
    const calls = await callEach(db.owner, { consumer, stream: consumer, ids, operationId })
    const before = await sessionState(other)
    const outcomes = new Set<string | undefined>()
    for (const { name, sql } of calls) {
      const call = caller.query(sql).then(() => 'done')
      outcomes.add(await call.catch((error: unknown) => (error as pg.DatabaseError).code))
      t.deepEqual(await sessionState(other), before, name)
    }
    t.true(outcomes.has('done'))
    // An operator may not do everything, and some arguments are wrong.
    t.true([...outcomes].every((outcome = '') => /^(done|42501|KQ\d+)$/.test(outcome)))
  })

  test('the log names the client that made the call, not one that had the session before', async (t) => {
    const consumer = await makeConsumer(db, 'shifts')
    const ids = await makeTasks(db, consumer, ['available', 'available'])
    for (const [n, client] of (await twoClients(t)).entries())
      await new TaskClient(client).cancel(consumer, ids.slice(n, n + 1))
    const operations = await new TaskClient(db.owner).operations(consumer)
    t.deepEqual(
      operations.map(({ applicationName }) => applicationName),
      ['two', 'one'],
    )
  })

  test('the client gives the session back after each batch', async (t) => {
    const [caller, other] = await twoClients(t)
    const consumer = await makeConsumer(db, 'gives_back')
    await fillTable(db, consumer, 6, ['available'])
    const stop = new AbortController()
    const { call } = await new Promise<{ call: Promise<unknown> }>((resolve) => {
      const onProgress = () => {
        resolve({ call })
      }
      const options = { batchSize: 2, pause: 3_600_000, signal: stop.signal, onProgress }
      const call = new TaskClient(caller).cancelAll(consumer, { subject: '>' }, options)
    })
    t.is(await new TaskClient(other).count(consumer, { states: ['cancelled'] }), 2)
    stop.abort()
    await t.throwsAsync(call, { name: 'AbortError' })
  })
}

/** Two clients of a PgBouncer of their own, which has one connection for both. */
async function twoClients(t: ExecutionContext) {
  const { username: name, password } = new URL(db.url)
  const { folder, stop } = await startPgBouncer(db.ownerUrl, [{ name, password }], 1)
  t.teardown(stop)
  const connectionString = through(db.url, folder)
  const one = await connect(t, { connectionString, application_name: 'one' })
  const two = await connect(t, { connectionString, application_name: 'two' })
  t.is(await processOf(one), await processOf(two))
  return [one, two] as const
}

/** Whatever a session can have that outlives a transaction. */
async function sessionState(client: pg.Client) {
  return only(
    await client.query<Record<string, unknown>>(
      `select
         array(select name || '=' || setting from pg_settings where source = 'session' order by name) as settings,
         array(select relname::text from pg_class where relnamespace = pg_my_temp_schema()) as temporary,
         array(select name from pg_prepared_statements) as prepared,
         array(select name from pg_cursors where is_holdable) as cursors,
         array(select pg_listening_channels()) as channels,
         array(select l::text from pg_locks l where pid = pg_backend_pid() and locktype = 'advisory') as locks,
         pg_backend_pid() as process`,
    ),
  )
}
