// The command line's migrate: up, down, status and sql.
import test from 'ava'
import { installSql, migrate } from 'kanthorq-tasks'
import { migrationStatus } from '../../src/install/migration-status.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { kanthorqTasks, records } from '../support/command-line.ts'
import { useServer } from '../support/empty-database.ts'

const server = useServer(test)
const names = readMigrations().map(({ name }) => name)
const applied = names.map((name) => `applied ${name}\n`).join('')

test('migrate up installs, says what it applied, and then that it is up to date', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const up = ['migrate', 'up', '--url', url]
  t.deepEqual(await kanthorqTasks(up), { code: 0, stdout: applied, stderr: '' })
  t.true('table kanthorq_consumer_registry' in (await catalog(client)))
  t.deepEqual(await kanthorqTasks(up), {
    code: 0,
    stdout: 'nothing to do: up to date\n',
    stderr: '',
  })
})

test('migrate down takes back one migration at a time, to the bottom', async (t) => {
  const { url } = await server.emptyDatabase(t)
  const env = { DATABASE_URL: url }
  await kanthorqTasks(['migrate', 'up'], { env })
  for (const name of names.toReversed()) {
    const outcome = await kanthorqTasks(['migrate', 'down'], { env })
    t.deepEqual(outcome, { code: 0, stdout: `took back ${name}\n`, stderr: '' })
  }
  const outcome = await kanthorqTasks(['migrate', 'down'], { env })
  t.deepEqual(outcome, { code: 0, stdout: 'nothing to take back\n', stderr: '' })
})

test('migrate sql prints the SQL file, and needs no server', async (t) => {
  const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' }
  t.deepEqual(await kanthorqTasks(['migrate', 'sql'], { env }), {
    code: 0,
    stdout: installSql(),
    stderr: '',
  })
})

test('--schema names the schema', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  for (const direction of ['up', 'down'])
    t.is(
      (await kanthorqTasks(['migrate', direction, '--schema', 'My queue', '--url', url])).code,
      0,
    )
  t.deepEqual(await catalog(client), {})
  t.true('table kanthorq_migrations' in (await catalog(client, 'My queue')))
})

test('migrate status tells what is applied, and changes nothing', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const status = (...args: string[]) => kanthorqTasks(['migrate', 'status', '--url', url, ...args])
  t.deepEqual(
    records(await status('--json')),
    names.map((name) => ({ name, appliedAt: null, known: true })),
  )
  const { rows } = await client.query("select from pg_class where relname like 'kanthorq%'")
  t.is(rows.length, 0)

  await migrate({ database: url, count: names.length - 1 })
  await client.query("insert into kanthorq_migrations (name, run_on) values ('9999_later', now())")
  const { code, stdout, stderr } = await status()
  t.deepEqual([code, stderr], [0, '1 to apply: kanthorq-tasks migrate up\n'])
  t.regex(stdout, /^MIGRATION +APPLIED\n0001_registries +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+\d\d/)
  t.regex(stdout, new RegExp(`\n${names.at(-1) ?? ''} +not yet\n`))
  t.regex(stdout, /\n9999_later +\S+ \S+ +by a newer version of this program\n$/)
})

test('migrate status looks at the schema that is named', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url, schema: 'My queue' })
  const applied = async (schema?: string) =>
    (await migrationStatus(client, schema)).filter(({ appliedAt }) => appliedAt !== null).length
  t.is(await applied('My queue'), names.length)
  t.is(await applied(), 0)
  await t.throwsAsync(applied('a$b'), { message: /^"a\$b" can't be the schema/ })
  const shown = await kanthorqTasks(['migrate', 'status', '--url', url, '--schema', 'My queue'])
  t.is(shown.stderr, '')
})

test('migrate up and down tell programs what they did', async (t) => {
  const { url } = await server.emptyDatabase(t)
  const run = (direction: string) =>
    kanthorqTasks(['migrate', direction, '--json'], { env: { DATABASE_URL: url } })
  t.deepEqual(
    records(await run('up')),
    names.map((name) => ({ name, direction: 'up' })),
  )
  t.deepEqual(records(await run('down')), [{ name: names.at(-1), direction: 'down' }])
})

test('a schema that can not be, or may not be used, is told without a stack trace', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const { into } = await server.role()
  await client.query('create schema queue')

  const bad = await kanthorqTasks(['migrate', 'up', '--url', url, '--schema', 'a$b'])
  t.is(bad.code, 1)
  t.regex(bad.stderr, /^"a\$b" can't be the schema: [^\n]+\n$/)

  const closed = await kanthorqTasks(['migrate', 'up', '--url', into(url), '--schema', 'queue'])
  t.deepEqual(closed, { code: 1, stdout: '', stderr: 'permission denied for schema queue\n' })
})

test('when the server says no, its hint is printed too', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await kanthorqTasks(['migrate', 'up', '--url', url])
  await client.query(
    "insert into kanthorq_stream_registry (id, name) values ('stream_1', 'orders')",
  )
  const outcomes = []
  for (const name of names)
    outcomes.push({ name, ...(await kanthorqTasks(['migrate', 'down', '--url', url])) })
  t.like(outcomes.at(-1), {
    code: 1,
    stdout: '',
    stderr:
      'kanthorq_stream_registry holds rows, so it is not dropped\n' +
      'Keep it: the functions are what the migrations after this one install. If it really has to go, delete its rows first.\n',
  })
})
