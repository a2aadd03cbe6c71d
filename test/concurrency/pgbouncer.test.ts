// Several clients, and one session of the server that PgBouncer lends to them a transaction at a time: what one of them
// leaves there, the next one finds. (`npm run test:matrix -- pgbouncer` runs all other tests through it.)
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { callProcedure } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { connect } from '../support/empty-database.ts'
import { findPgBouncer, startPgBouncer, through } from '../support/pgbouncer.ts'
import { fillTable, makeConsumer, makeTasks, only } from '../support/scene.ts'
import { processOf } from '../support/sessions.ts'

const db = useDatabase(test)

if (findPgBouncer() === undefined && process.env['KANTHORQ_TEST_VIA'] === undefined) {
  test('it works with PgBouncer', (t) => {
    t.log('not tried: PgBouncer is not installed')
    t.pass()
  })
} else {
  test('no call leaves anything in the session', async (t) => {
    const [caller, other] = await twoClients(t)
    const tasks = new TaskClient(caller)
    const consumer = await makeConsumer(db, 'leaves_nothing')
    await makeTasks(db, consumer, ['available', 'discarded', 'running'])
    const ids = (await tasks.find(consumer)).map((task) => task.eventId)
    const before = await sessionState(other)
    for (const call of [
      () => tasks.cancel(consumer, ids),
      () => tasks.resume(consumer, ids, { scheduleAt: new Date() }),
      () => tasks.discard(consumer, ids),
      () => tasks.cancel(consumer, [...ids, '']),
      () => tasks.explain(consumer, ids),
      () => tasks.find(consumer, { subject: 'order.*', states: ['running'] }),
      () => tasks.count(consumer),
      () => tasks.stats(),
      () => tasks.cancelAll(consumer, {}, { everything: true }),
      () => tasks.resumeAll(consumer, {}, { everything: true, spread: 1000, batchSize: 1 }),
      () => tasks.discardAll(consumer, {}),
      () => tasks.operations(),
      () => tasks.undo('0'),
      async () => tasks.undo((await tasks.operations())[0] ?? '0'),
      () => tasks.doctor(),
      () => callProcedure(caller, `kanthorq_task_cancel_all('${consumer}', everything => true)`),
      () => callProcedure(caller, `kanthorq_task_cancel_all('${consumer}')`),
    ]) {
      await call().catch((error: unknown) => {
        t.regex((error as pg.DatabaseError).code ?? '', /^KQ00[34]$/)
      })
      t.deepEqual(await sessionState(other), before, String(call))
    }
  })

  test('the log names whoever made the call, not who had the session before', async (t) => {
    const names = ['day shift', 'night shift'] as const
    const clients = await twoClients(t, names)
    const consumer = await makeConsumer(db, 'shifts')
    const ids = await makeTasks(db, consumer, ['available', 'available'])
    for (const [n, client] of clients.entries()) {
      await new TaskClient(client).cancel(consumer, ids.slice(n, n + 1))
    }
    const { rows } = await db.owner.query<{ application_name: string }>(
      'select application_name from kanthorq_task_operations($1) order by id',
      [consumer],
    )
    t.deepEqual(
      rows.map((row) => row.application_name),
      names,
    )
  })

  test('two procedures that commit their batches do not get mixed up', async (t) => {
    const calls = (await twoClients(t)).map(async (client, n) => {
      const consumer = await makeConsumer(db, `commits_${n}`)
      await fillTable(db, consumer, 4 + n, ['available'])
      return callProcedure(
        client,
        `kanthorq_task_cancel_all('${consumer}', everything => true, batch_size => 2)`,
      )
    })
    const said = (n: number, totals: number[]) =>
      totals.map((total) => `cancel commits_${n}: ${total} tasks so far`)
    t.deepEqual(await Promise.all(calls), [
      { updated: 4, notices: said(0, [2, 4]) },
      { updated: 5, notices: said(1, [2, 4, 5]) },
    ])
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

  test('a transaction keeps the session until it ends', async (t) => {
    const [first, second] = await twoClients(t)
    const consumer = await makeConsumer(db, 'keeps')
    const ids = await makeTasks(db, consumer, ['available', 'available'])
    await first.query('begin')
    await new TaskClient(first).cancel(consumer, ids)
    const waiting = new TaskClient(second).cancel(consumer, ids)
    t.deepEqual((await new TaskClient(first).resume(consumer, ids)).updated, ids)
    await first.query('rollback')
    t.deepEqual(await waiting, { updated: ids, noop: [] })
  })
}

/** Two clients of a PgBouncer of their own, which has one connection for both. */
async function twoClients(t: ExecutionContext, names: readonly [string, string] = ['one', 'two']) {
  const { username: name, password } = new URL(db.url)
  const { folder, stop } = await startPgBouncer(db.ownerUrl, [{ name, password }], 1)
  t.teardown(stop)
  const connectionString = through(db.url, folder)
  const [one, two] = [
    await connect(t, { connectionString, application_name: names[0] }),
    await connect(t, { connectionString, application_name: names[1] }),
  ]
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
