import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog, only, withoutBooks, type Catalog } from '../support/catalog.ts'
import { connect, useServer, type EmptyDatabase } from '../support/empty-database.ts'
import { checksums, dump, dumpedTasks, kanthorqTables } from '../support/kanthorq-dump.ts'

const { emptyDatabase } = useServer(test)
const all = readMigrations().length

/** A database that KanthorQ itself made and worked in. */
async function kanthorqDatabase(t: ExecutionContext): Promise<EmptyDatabase> {
  const database = await emptyDatabase(t)
  // The dump sets the session up for itself.
  const loader = await connect(t, database.url)
  await loader.query(dump)
  return database
}

test('migrating up and down alters nothing of KanthorQ, and leaves nothing', async (t) => {
  const { client, url } = await kanthorqDatabase(t)
  const [before, rows] = [await catalog(client), await checksums(client)]
  t.is(kanthorqTables.length, 5)

  await migrate({ database: url })
  const after = await catalog(client)
  t.like(after, before)
  t.deepEqual(await checksums(client), rows)
  const ours = Object.keys(withoutBooks(after)).filter((key) => !(key in before))
  t.deepEqual(
    ours.filter((key) => /^(function|procedure) /.test(key)),
    Object.keys(only(after, /^(function|procedure) /)),
  )

  await migrate({ database: url, direction: 'down', count: all })
  t.deepEqual(withoutBooks(await catalog(client)), before)
  t.deepEqual(await checksums(client), rows)
  t.is((await migrate({ database: url })).length, all)
  t.deepEqual(await catalog(client), after)
})

const transitions = [
  { call: 'kanthorq_task_cancel', from: [0, 1, 102], to: -101, updated: 8 },
  { call: 'kanthorq_task_resume', from: [-101, -102], to: 2, updated: 6 },
]

for (const { call, from, to, updated } of transitions) {
  test(`${call} works on the tasks that KanthorQ left`, async (t) => {
    const { client, url } = await kanthorqDatabase(t)
    await migrate({ database: url })
    const byState = `
      select
        coalesce(array_agg(event_id) filter (where state = any ($1)), '{}') as updated,
        coalesce(array_agg(event_id) filter (where state <> all ($1)), '{}') as noop
      from (select event_id::text, state from ${dumpedTasks} order by md5(event_id)) shuffled`
    const { rows: partition } = await client.query<Result>(byState, [from])
    const expected = partition[0] ?? { updated: [], noop: [] }
    const others = `select * from ${dumpedTasks} where state <> all ($1) order by event_id`
    const untouched = (await client.query(others, [from])).rows

    const ids = `array(select event_id::text from ${dumpedTasks} order by md5(event_id))`
    const { rows } = await client.query(`select * from ${call}('send_email', ${ids})`)
    t.deepEqual(rows, [expected])
    t.is(expected.updated.length, updated)
    t.is(expected.noop.length, 28 - updated)

    const now = `select * from ${dumpedTasks} where event_id <> all ($1) order by event_id`
    t.deepEqual((await client.query(now, [expected.updated])).rows, untouched)
    const states = `select distinct state from ${dumpedTasks} where event_id = any ($1)`
    t.deepEqual((await client.query(states, [expected.updated])).rows, [{ state: to }])
  })
}

interface Result {
  updated: string[]
  noop: string[]
}

test('the registries that the migrations make are the same as KanthorQ makes', async (t) => {
  const theirs = await kanthorqDatabase(t)
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  const registries = /^(table|column|constraint|index) (kanthorq_\w+_registry|uniq_)/

  const comment = / \| The (streams|consumers) of KanthorQ, by name\. Made by kanthorq-tasks\./
  const ours = Object.entries(only(await catalog(client), registries)).map(([key, value]) => [
    key,
    value.replace(comment, ''),
  ])
  t.deepEqual(Object.fromEntries(ours), only(await catalog(theirs.client), registries))
})

test('the tables of a stream and a consumer are the same as KanthorQ makes', async (t) => {
  const theirs = await kanthorqDatabase(t)
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  await client.query("select kanthorq_consumer_register('order_update', 'send_email', '{order.>}')")
  const { rows } = await client.query<Ids>('select stream_id, id from kanthorq_consumer_registry')

  const made = tablesOf(await catalog(client), rows[0])
  const ids = { stream_id: 'stream_01m8623nzywgwnybf0bxgrrkka', id: dumpedTasks.slice(9) }
  t.deepEqual(made, tablesOf(await catalog(theirs.client), ids))
  t.is(Object.keys(only(made, /^table /)).length, 2)
})

interface Ids {
  stream_id: string
  id: string
}

/** What a catalog holds of one stream and one consumer, by other names: of the tables, and of the scheduling index. */
function tablesOf(from: Catalog, ids: Ids | undefined): Catalog {
  const plain = (text: string) =>
    text
      .replaceAll(ids?.stream_id ?? '', 'STREAM')
      .replaceAll(ids?.id ?? '', 'CONSUMER')
      .replace(/(idx_state|kanthorq_CONSUMER)_scheduling/, 'SCHEDULING')
  const entries = Object.entries(from).map(([key, value]) => [plain(key), plain(value)] as const)
  return only(Object.fromEntries(entries), /STREAM|CONSUMER|SCHEDULING/)
}
