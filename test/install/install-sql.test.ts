import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import pg from 'pg'
import { installFile } from '../../src/install/install-sql.ts'
import { migrationsTable, readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { useServer } from '../support/empty-database.ts'
import { holdMigrations } from '../support/migration-lock.ts'
import { runProgram } from '../support/run-program.ts'

const { emptyDatabase } = useServer(test)
const names = readMigrations().map(({ name }) => name)

/** The way that is advertised: through psql, which reads the file and knows of no transaction but the file's own. */
function psql(url: string, env: NodeJS.ProcessEnv = {}) {
  const args = [url, '--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-f', '-']
  return runProgram('psql', args, { env, input: installFile() })
}

async function applied(client: pg.Client, schema = 'public'): Promise<string[]> {
  const table = `${pg.escapeIdentifier(schema)}.${migrationsTable}`
  const { rows } = await client.query<{ name: string }>(`select name from ${table} order by id`)
  return rows.map(({ name }) => name)
}

for (const count of [...names.keys(), names.length]) {
  test(`the SQL file completes a database of ${count} migrations, and changes nothing when run again`, async (t) => {
    const whole = await emptyDatabase(t)
    await migrate({ database: whole.url })
    const { client, url } = await emptyDatabase(t)
    if (count > 0) await migrate({ database: url, count })

    t.like(await psql(url), { code: 0, stderr: '' })
    t.deepEqual(await catalog(client), await catalog(whole.client))
    t.deepEqual(await applied(client), names)

    const written = `select xmin, name from ${migrationsTable}
      union all select xmin, proname from pg_proc where pronamespace = 'public'::regnamespace order by 2`
    const { rows: before } = await client.query(written)
    t.is((await psql(url)).code, 0)
    t.deepEqual((await client.query(written)).rows, before)

    t.deepEqual(await migrate({ database: url }), [], 'there is nothing left to migrate')
    const down = await migrate({ database: url, direction: 'down', count: names.length })
    t.deepEqual(down, names.toReversed(), 'migrate takes back what the file installed')
  })
}

test('the SQL file installs into the schema that search_path begins with', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await client.query('create schema "My queue"')
  const env = { PGOPTIONS: '-c search_path="My\\ queue"' }
  t.like(await psql(url, env), { code: 0, stderr: '' })
  t.deepEqual(await catalog(client), {})
  t.deepEqual(await applied(client, 'My queue'), names)
  t.deepEqual(await migrate({ database: url, schema: 'My queue' }), [])

  await migrate({ database: url })
  t.deepEqual(await catalog(client, 'My queue'), await catalog(client))
})

const refusals = [
  ['missing', 'select', /no schema has been selected to create in/],
  [
    'a$b',
    'create schema "a$b"',
    /ERROR: {2}can't install into schema 'a\$b'\n.*HINT: {2}Set search_path to an existing schema/s,
  ],
] as const
for (const [schema, prepare, says] of refusals) {
  test(`the SQL file refuses the schema ${schema} and leaves nothing`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    await client.query(prepare)
    const { code, stderr } = await psql(url, { PGOPTIONS: `-c search_path=${schema}` })
    t.is(code, 3)
    t.regex(stderr, says)
    t.deepEqual([await catalog(client), await catalog(client, schema)], [{}, {}])
  })
}

test('an error in the middle of the SQL file leaves nothing, with ON_ERROR_STOP or without', async (t) => {
  const { client, url } = await emptyDatabase(t)
  // The functions come last, and this one can't be replaced.
  await client.query(
    'create function kanthorq_task_resume() returns int return 1; create view used as select kanthorq_task_resume()',
  )
  const before = await catalog(client)

  const { code, stderr } = await psql(url)
  t.is(code, 3)
  t.regex(stderr, /ERROR: {2}cannot drop function public.kanthorq_task_resume\(\) because other objects depend on it/)
  t.deepEqual(await catalog(client), before)

  t.like(await runProgram('psql', [url, '-f', '-'], { input: installFile() }), { code: 0 })
  t.deepEqual(await catalog(client), before)
})

test('of the SQL file and migrate at once, one waits and has nothing to do', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const [file, done] = await holdMigrations(client, 2, () => Promise.all([psql(url), migrate({ database: url })]))
  t.is(file.code, 0, file.stderr)
  t.true(done.length === 0 || done.length === names.length)
  t.deepEqual(await applied(client), names)
})
