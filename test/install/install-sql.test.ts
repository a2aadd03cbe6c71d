import test from 'ava'
import { installSql, migrate } from 'kanthorq-tasks'
import pg from 'pg'
import { migrationsTable, readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { useServer } from '../support/empty-database.ts'
import { holdMigrations } from '../support/migration-lock.ts'
import { runProgram } from '../support/run-program.ts'

const { emptyDatabase } = useServer(test)
const names = readMigrations().map(({ name }) => name)

/** The way that is advertised: through psql, which reads the file and knows of no transaction but the file's own. */
function psql(url: string, options: { sql?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { sql = installSql(), env = {} } = options
  const args = [url, '--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-f', '-']
  return runProgram('psql', args, { env, input: sql })
}

async function books(client: pg.Client, schema = 'public'): Promise<string[]> {
  const table = `${pg.escapeIdentifier(schema)}.${migrationsTable}`
  const { rows } = await client.query<{ name: string }>(`select name from ${table} order by id`)
  return rows.map(({ name }) => name)
}

test('the SQL file installs what migrate installs, and either goes on from the other', async (t) => {
  const migrated = await emptyDatabase(t)
  await migrate({ database: migrated.url })
  const { client, url } = await emptyDatabase(t)

  t.like(await psql(url), { code: 0, stderr: '' })
  const installed = await catalog(client)
  t.deepEqual(installed, await catalog(migrated.client))
  t.deepEqual(await books(client), names)
  t.deepEqual(await migrate({ database: url }), [], 'there is nothing left to migrate')

  t.is((await psql(migrated.url)).code, 0)
  t.deepEqual(await catalog(migrated.client), installed)
  t.deepEqual(await books(migrated.client), names)
})

test('the SQL file run again changes nothing', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await psql(url)
  const rows = `select xmin, * from ${migrationsTable} order by id`
  const routines = 'select oid, xmin from pg_proc where pronamespace = $1::regnamespace order by 1'
  const state = async () => [
    (await client.query(rows)).rows,
    (await client.query(routines, ['public'])).rows,
  ]
  const before = await state()
  t.is((await psql(url)).code, 0)
  t.deepEqual(await state(), before)
})

for (const count of names.keys()) {
  test(`the SQL file updates a database of ${count} migrations`, async (t) => {
    const whole = await emptyDatabase(t)
    await migrate({ database: whole.url })
    const { client, url } = await emptyDatabase(t)
    if (count > 0) await migrate({ database: url, count })

    t.is((await psql(url)).code, 0)
    t.deepEqual(await books(client), names)
    t.deepEqual(await catalog(client), await catalog(whole.client))

    const down = await migrate({ database: url, direction: 'down', count: names.length })
    t.deepEqual(down, names.toReversed(), 'migrate takes back what the file installed')
  })
}

test('the SQL file installs into the schema that search_path begins with', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await client.query('create schema "My queue"')
  const env = { PGOPTIONS: '-c search_path="My\\ queue"' }
  t.like(await psql(url, { env }), { code: 0, stderr: '' })
  t.deepEqual(await catalog(client), {})
  t.deepEqual(await books(client, 'My queue'), names)
  t.deepEqual(await migrate({ database: url, schema: 'My queue' }), [])

  await migrate({ database: url })
  t.deepEqual(await catalog(client, 'My queue'), await catalog(client))
})

const refusals: Record<string, { prepare: string; path: string; says: RegExp }> = {
  'a schema that is missing': {
    prepare: 'select',
    path: 'missing',
    says: /no schema has been selected to create in/,
  },
  'a schema whose name has a $ in it': {
    prepare: 'create schema "a$b"',
    path: 'a$b',
    says: /ERROR: {2}can't install into schema 'a\$b'\n.*HINT: {2}Set search_path to an existing schema/s,
  },
}
for (const [what, { prepare, path, says }] of Object.entries(refusals)) {
  test(`the SQL file refuses ${what} and leaves nothing`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    await client.query(prepare)
    const { code, stderr } = await psql(url, { env: { PGOPTIONS: `-c search_path=${path}` } })
    t.is(code, 3)
    t.regex(stderr, says)
    t.deepEqual([await catalog(client), await catalog(client, path)], [{}, {}])
  })
}

test('an error in the middle of the SQL file leaves nothing, with ON_ERROR_STOP or without', async (t) => {
  const { client, url } = await emptyDatabase(t)
  // In the way of the very function that comes last: another of its name and arguments that returns something else.
  await client.query(
    `create function kanthorq_task_resume(text, text[], text, timestamptz, boolean) returns int return 1`,
  )
  const before = await catalog(client)

  const { code, stderr } = await psql(url)
  t.is(code, 3)
  t.regex(stderr, /ERROR: {2}cannot change return type of existing function/)
  t.deepEqual(await catalog(client), before)

  t.like(await runProgram('psql', [url, '-f', '-'], { input: installSql() }), { code: 0 })
  t.deepEqual(await catalog(client), before)
})

test('of the SQL file and migrate at once, one waits and has nothing to do', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const [file, applied] = await holdMigrations(client, 2, () =>
    Promise.all([psql(url), migrate({ database: url })]),
  )
  t.is(file.code, 0, file.stderr)
  t.true(applied.length === 0 || applied.length === names.length)
  t.deepEqual(await books(client), names)
})
