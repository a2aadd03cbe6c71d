// The command line's migrate: up, down, status and sql.
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { installFile } from '../../src/install/install-sql.ts'
import { installationStatus } from '../../src/install/migration-status.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { kanthorqTasks, records } from '../support/command-line.ts'
import { useServer } from '../support/empty-database.ts'
import { outcome, runOn } from './run.ts'

const server = useServer(test)
const names = readMigrations().map(({ name }) => name)
const applied = names.map((name) => `applied ${name}\n`).join('')

test('migrate up lists what it applies, and migrate down reverts one migration at a time', async (t) => {
  const database = await server.emptyDatabase(t)
  const run = runOn(database)
  t.deepEqual(await run('migrate up'), outcome(0, applied))
  t.true('table kanthorq_consumer_registry' in (await catalog(database.client)))
  t.deepEqual(await run('migrate up'), outcome(0, 'nothing to apply: up to date\n'))
  t.deepEqual(await run('migrate up --json'), outcome(0, ''))

  for (const name of names.toReversed()) t.deepEqual(await run('migrate down'), outcome(0, `reverted ${name}\n`))
  t.deepEqual(await run('migrate down'), outcome(0, 'nothing to revert\n'))
  t.deepEqual(
    records(await run('migrate up --json')),
    names.map((name) => ({ name, direction: 'up' })),
  )
})

test('migrate sql prints the SQL file, and needs no server', async (t) => {
  const run = runOn({ url: 'postgres://nobody@127.0.0.1:1/nowhere' })
  t.deepEqual(await run('migrate sql'), outcome(0, installFile()))
})

test('--schema names the schema of up, down and status', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const run = (direction: string) => kanthorqTasks(['migrate', direction, '--schema', 'My queue', '--url', url])
  t.is((await run('up')).code, 0)
  t.is((await run('status')).stderr, '')
  const appliedIn = async (schema?: string) =>
    (await installationStatus(client, schema)).migrations.filter(({ appliedAt }) => appliedAt !== null).length
  t.is(await appliedIn('My queue'), names.length)
  t.is(await appliedIn(), 0)
  await t.throwsAsync(appliedIn('a$b'), { message: /^"a\$b" can't be the schema/ })
  t.is((await run('down')).code, 0)
  t.deepEqual(await catalog(client), {})
  t.true('table kanthorq_migrations' in (await catalog(client, 'My queue')))
})

test('migrate status lists the migrations, and changes nothing', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const run = runOn({ url })
  t.deepEqual(
    records(await run('migrate status --json')),
    names.map((name) => ({ name, appliedAt: null, known: true })),
  )
  const { rows } = await client.query("select from pg_class where relname like 'kanthorq%'")
  t.is(rows.length, 0)

  await migrate({ database: url, count: names.length - 1 })
  await client.query("insert into kanthorq_migrations (name, run_on) values ('9999_later', now())")
  const { code, stdout, stderr } = await run('migrate status')
  t.deepEqual([code, stderr], [0, '1 to apply: kanthorq-tasks migrate up\n'])
  t.regex(stdout, /^MIGRATION +APPLIED\n0001_registries +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+\d\d/)
  t.regex(stdout, new RegExp(`\n${names.at(-1) ?? ''} +not yet\n`))
  t.regex(stdout, /\n9999_later +\S+ \S+ +by a newer version of this program\n$/)
})

test('a forbidden schema is reported without a stack trace', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const { into } = await server.role()
  await client.query('create schema queue')
  t.deepEqual(
    await runOn({ url: into(url) })('migrate up --schema queue'),
    outcome(1, '', 'permission denied for schema queue\n'),
  )
})

test('an error of the server is printed with its hint', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url, count: 1 })
  await client.query("insert into kanthorq_stream_registry (id, name) values ('stream_1', 'orders')")
  const { code, stderr } = await runOn({ url })('migrate down')
  t.is(code, 1)
  t.regex(stderr, /^kanthorq_stream_registry holds rows, so it is not dropped\nKeep it: [^\n]+\n$/)
})
