// The extension of PostgreSQL, on a server that has its files.
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import type pg from 'pg'
import { extensionFiles } from '../../scripts/extension.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog, only } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { exercise, log } from '../support/exercise.ts'
import { startServerWithExtension } from '../support/extension-server.ts'
import { dump } from '../support/kanthorq-dump.ts'
import { runProgram } from '../support/run-program.ts'

const migrations = readMigrations()
const names = migrations.map(({ name }) => name)
// An older version, of which the newest migration is missing.
const files = {
  ...extensionFiles({ version: '1.0.0' }, migrations.slice(0, -1)),
  ...extensionFiles({ version: '1.1.0', earlier: ['1.0.0'] }),
}
const server = useServer(test, () => startServerWithExtension(files))
/** Of the version that `pg_dump` has: it refuses to dump from a newer one, and an older one may not know what it writes. */
const dumped = useServer(test, async () => startServerWithExtension(files, await matchPgDump()))

const create = 'create extension kanthorq_tasks'

/** A database that KanthorQ worked in, with a connection of the role that it had: the owner of its tables, no superuser. */
async function kanthorqDatabase(t: ExecutionContext, on = server) {
  const { url, client } = await on.emptyDatabase(t)
  const role = await on.role()
  await client.query(`alter database ${new URL(url).pathname.slice(1)} owner to ${role.name}`)
  const owner = await connect(t, role.into(url))
  await owner.query(`${dump}; reset search_path`)
  return { url: role.into(url), owner }
}

/** A server's version for `pg_dump`: the same, or the newest that there is; for {@link startServerWithExtension}. */
async function matchPgDump(): Promise<string | undefined> {
  const { stdout } = await runProgram('pg_dump', ['--version'])
  const major = Number(/ (\d+)/.exec(stdout)?.[1])
  return major < 18 ? String(major) : undefined
}

/** Calls what the extension brings; returns what that applied. */
async function migrateBySql(client: pg.Client, schema = 'public'): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`select name from ${schema}.kanthorq_migrate() name`)
  return rows.map(({ name }) => name)
}

/** A catalog but for what the extension brings. */
async function installed(client: pg.Client, schema?: string) {
  return only(await catalog(client, schema), /^function kanthorq_migrate\(/, false)
}

/** The rows of all tables. */
async function tables(client: pg.Client) {
  const { rows } = await client.query<{ name: string; content: string }>(
    `select relname as name, query_to_xml(format('select * from public.%I t order by t::text', relname), true, true, '') as content
     from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  )
  return rows
}

test('the extension installs what migrate installs, in the schema that it is created in', async (t) => {
  const migrated = await server.emptyDatabase(t)
  await migrate({ database: migrated.url })
  const { client, url } = await server.emptyDatabase(t)
  await client.query(`create schema "My queue"; ${create} schema "My queue"`)
  t.deepEqual(await installed(client, 'My queue'), {})

  t.deepEqual(await migrateBySql(client, '"My queue"'), names)
  t.deepEqual(await installed(client, 'My queue'), await installed(migrated.client))
  t.deepEqual(await installed(client), {})
  t.deepEqual(await migrateBySql(client, '"My queue"'), [])
  t.deepEqual(await migrate({ database: url, schema: 'My queue' }), [])
})

test("KanthorQ's role, which is no superuser, installs it beside KanthorQ, and an operator uses it", async (t) => {
  const { url, owner } = await kanthorqDatabase(t)
  const before = await catalog(owner)
  await owner.query(create)
  t.deepEqual(await migrateBySql(owner), names)
  t.like(await catalog(owner), before)

  const role = await server.role()
  const operator = await connect(t, role.into(url))
  await t.throwsAsync(migrateBySql(operator), {
    message: 'permission denied for function kanthorq_migrate',
  })
  await exercise(t, owner, operator, role.name)
})

test('nothing but the function that installs belongs to the extension, so that dropping it takes no more', async (t) => {
  const { owner } = await kanthorqDatabase(t)
  await owner.query(create)
  await migrateBySql(owner)
  const before = await catalog(owner)

  await owner.query('drop extension kanthorq_tasks cascade')
  const after = await catalog(owner)
  t.deepEqual(after, only(before, /^function kanthorq_migrate\(/, false))
  t.deepEqual(Object.keys(before).length, Object.keys(after).length + 1)

  await owner.query(create)
  t.deepEqual(await migrateBySql(owner), [])
  t.deepEqual(await catalog(owner), before)
})

test('the extension goes on from what migrate or an older version has installed, and migrate from that', async (t) => {
  const { url, owner } = await kanthorqDatabase(t)
  await migrate({ database: url, count: 1 })
  await owner.query(`${create} version '1.0.0'`)
  t.deepEqual(await migrateBySql(owner), names.slice(1, -1))
  await owner.query('alter extension kanthorq_tasks update')
  t.deepEqual(await migrateBySql(owner), names.slice(-1))

  t.deepEqual(await migrate({ database: url }), [])
  const whole = await catalog(owner)
  await migrate({ database: url, direction: 'down', count: names.length })
  t.deepEqual(await migrateBySql(owner), names)
  t.deepEqual(await catalog(owner), whole)
})

test('a dump, restored by a superuser, has the whole installation, with its log, its owner and its grants', async (t) => {
  const { url, owner } = await kanthorqDatabase(t, dumped)
  await owner.query(create)
  await migrateBySql(owner)
  const role = await dumped.role()
  await exercise(t, owner, await connect(t, role.into(url)), role.name)
  const [resumed] = await log(owner)
  const registry = await owner.query<{ name: string }>('select name, cursor from kanthorq_consumer_registry order by name')
  await owner.query('select kanthorq_consumer_hold(name) from kanthorq_consumer_registry')

  const copy = await dumped.emptyDatabase(t)
  const { stdout: input } = await runProgram('pg_dump', [url])
  const restore = [copy.url, '-X', '-v', 'ON_ERROR_STOP=1', '-f', '-']
  t.like(await runProgram('psql', restore, { input }), { code: 0, stderr: '' })

  t.deepEqual(await installed(copy.client), await installed(owner))
  t.deepEqual(await tables(copy.client), await tables(owner))
  t.is((await log(copy.client)).length, 3 + registry.rows.length)
  t.deepEqual(await migrateBySql(copy.client), [])
  // What is held is held there, too, until it is released.
  t.deepEqual((await copy.client.query('select * from kanthorq_task_pull($1)', [registry.rows[0]?.name])).rows, [])
  await copy.client.query('select kanthorq_consumer_release(name) from kanthorq_consumer_registry')
  t.deepEqual(
    (await copy.client.query('select name, cursor from kanthorq_consumer_registry order by name')).rows,
    registry.rows,
  )
  const operator = await connect(t, role.into(copy.url))
  const undo = 'select cardinality(updated) as undone from kanthorq_task_undo($1)'
  t.deepEqual((await operator.query(undo, [resumed?.id])).rows, [{ undone: 6 }])
})

for (const [name, input] of Object.entries(files).filter(([file]) => file.endsWith('.sql'))) {
  test(`psql is told that ${name} is not for it`, async (t) => {
    const { url, client } = await server.emptyDatabase(t)
    const { code, stdout, stderr } = await runProgram('psql', [url, '-X'], { input })
    t.deepEqual([code, stderr], [0, ''])
    t.regex(stdout, /^Use "(create|alter) extension kanthorq_tasks( update)?" to load this file\.\s*$/)
    t.deepEqual(await catalog(client), {})
  })
}
