// What works on a hot standby, and in a session that may only read: the stable functions. PostgreSQL itself refuses all that
// changes something, before it has done anything.
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { migrate } from 'kanthorq-tasks/migrate'
import { embeddedBinaries } from '../../scripts/embedded-postgres.ts'
import { makeFolder, type Leashed } from '../../scripts/leashed.ts'
import { connect } from '../support/empty-database.ts'
import { initData, startOn, urlIn } from '../support/own-server.ts'
import { callEach, type FunctionCall } from './each-function.ts'

const consumer = 'send_email'
const servers: Leashed[] = []
let calls: FunctionCall[]
let ids: string[]
/** Connection strings of the same database on both. */
let primary: string
let standby: string

test.before(async () => {
  const folders = { primary: makeFolder('primary'), standby: makeFolder('standby') }
  const { initdb, postgres } = embeddedBinaries(folders.primary)
  const data = initData(initdb, folders.primary)
  // The data of a server that does not run can simply be copied.
  execFileSync('cp', ['-a', data, join(folders.standby, 'data')])
  closeSync(openSync(join(folders.standby, 'data', 'standby.signal'), 'w'))
  // A commit waits until it can be seen on the standby.
  const settings = { synchronous_commit: 'remote_apply', synchronous_standby_names: '*' }
  servers.unshift(await startOn(folders.primary, postgres, settings))
  const source = `host=${folders.primary} user=postgres`
  servers.unshift(await startOn(folders.standby, postgres, { primary_conninfo: source }))
  primary = urlIn(folders.primary)
  standby = urlIn(folders.standby)

  const client = new pg.Client(primary)
  await client.connect()
  await client.query(readFileSync(new URL('../fixtures/kanthorq-go.sql', import.meta.url), 'utf8'))
  await migrate({ database: primary })
  // An event that KanthorQ has missed.
  await client.query(
    `select public.kanthorq_stream_publish('order_update', 'order.created', '');
     update public.kanthorq_consumer_registry set cursor = 'event_z'`,
  )
  const tasks = new TaskClient(client)
  ids = (await tasks.find(consumer)).map((task) => task.eventId)
  await tasks.cancel(consumer, ids, { reason: 'for the log' })
  await client.query("create role viewer login; select public.kanthorq_grant('viewer', 'viewer')")
  const [{ id: operationId } = { id: '' }] = await tasks.operations()
  calls = await callEach(client, { consumer, stream: 'order_update', ids, operationId })
  await client.end()
})

test.after.always(async () => {
  for (const server of servers) await server.stop()
})

// One after the other, because the second changes what the first shows.

test.serial('the stable functions show on a standby what they show on the primary', async (t) => {
  const shown = await everythingShown(t, primary)
  for (const [name, rows] of Object.entries(shown)) t.true(rows.length > 0, name)
  t.deepEqual(await everythingShown(t, standby), shown)
  const viewer = Object.assign(new URL(standby), { username: 'viewer' }).href
  t.deepEqual(await everythingShown(t, viewer), shown)
})

test.serial('the standby shows what was done on the primary at once', async (t) => {
  const { updated } = await new TaskClient(await connect(t, primary)).resume(consumer, ids)
  t.true(updated.length > 0)
  const explained = await new TaskClient(await connect(t, standby)).explain(consumer, updated)
  t.true(explained.every(({ state }) => state === 'running'))
})

for (const where of ['on a standby', 'in a session that may only read']) {
  test(`all other functions say that they can't change anything ${where}`, async (t) => {
    const options = '-c default_transaction_read_only=on'
    const [url, config] = where === 'on a standby' ? [standby, {}] : [primary, { options }]
    const client = await connect(t, { connectionString: url, ...config })
    const message = /read-only transaction$|hot standby|during recovery$/
    for (const { name, sql } of calls.filter(({ isVolatile }) => isVolatile))
      await t.throwsAsync(client.query(sql), { code: '25006', message }, name)
  })
}

async function everythingShown(t: ExecutionContext, url: string) {
  const client = await connect(t, url)
  const shown: Record<string, unknown[]> = {}
  for (const { name, sql } of calls.filter(({ isVolatile }) => !isVolatile)) {
    const { rows } = await client.query<{ row: Record<string, unknown> }>(sql)
    // What is overdue runs now, which is another time at each look; the buckets of rates go with the time.
    shown[name] = rows.map(({ row }) =>
      name.endsWith('explain') ? { ...row, next_run_at: 0 } : name.endsWith('rates') ? { waiting: row['waiting'] } : row,
    )
  }
  return shown
}
