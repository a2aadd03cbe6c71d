import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog, only, withoutMigrationsTable, type Catalog } from '../support/catalog.ts'
import { connect, useServer, type EmptyDatabase } from '../support/empty-database.ts'
import { exercise } from '../support/exercise.ts'
import { checksums, dump, kanthorqTables } from '../support/kanthorq-dump.ts'

const { emptyDatabase, role } = useServer(test)
const all = readMigrations().length

/** A database that KanthorQ itself made and worked in. */
async function kanthorqDatabase(t: ExecutionContext): Promise<EmptyDatabase> {
  const database = await emptyDatabase(t)
  await database.client.query(`${dump}; reset all`)
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
  const ours = Object.keys(withoutMigrationsTable(after)).filter((key) => !(key in before))
  t.deepEqual(
    ours.filter((key) => /^(function|procedure) /.test(key)),
    Object.keys(only(after, /^(function|procedure) /)),
  )

  await migrate({ database: url, direction: 'down', count: all })
  t.deepEqual(withoutMigrationsTable(await catalog(client)), before)
  t.deepEqual(await checksums(client), rows)
  t.is((await migrate({ database: url })).length, all)
  t.deepEqual(await catalog(client), after)
})

test('the functions work on the tasks that KanthorQ left', async (t) => {
  const { client, url } = await kanthorqDatabase(t)
  await migrate({ database: url })
  const { name, into } = await role()
  await exercise(t, client, await connect(t, into(url)), name)
})

test('the registries that the migrations make are the same as KanthorQ makes', async (t) => {
  const theirs = await kanthorqDatabase(t)
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  const registries = /^(table|column|constraint|index) (kanthorq_\w+_registry|uniq_)/

  const comment = / \| The (streams|consumers) of KanthorQ, by name\. Made by kanthorq-tasks\./
  const ours = Object.entries(only(await catalog(client), registries)).map(([key, value]) => [key, value.replace(comment, '')])
  t.deepEqual(Object.fromEntries(ours), only(await catalog(theirs.client), registries))
})

test('the tables of a stream and a consumer are the same as KanthorQ makes', async (t) => {
  const theirs = await kanthorqDatabase(t)
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  await client.query("select kanthorq_consumer_register('order_update', 'send_email', '{order.>}')")

  const made = tablesOf(await catalog(client))
  t.deepEqual(made, tablesOf(await catalog(theirs.client)))
  t.is(Object.keys(only(made, /^table /)).length, 2)
})

/** What a catalog holds of streams and consumers, by other names: of the tables, and of the scheduling index. */
function tablesOf(from: Catalog): Catalog {
  const plain = (text: string) =>
    text
      .replace(/(stream|consumer)_01\w{24}/g, (id) => (id.startsWith('s') ? 'STREAM' : 'CONSUMER'))
      .replace(/(idx_state|kanthorq_CONSUMER)_scheduling/, 'SCHEDULING')
  const entries = Object.entries(from).map(([key, value]) => [plain(key), plain(value)] as const)
  return only(Object.fromEntries(entries), /STREAM|CONSUMER|SCHEDULING/)
}
