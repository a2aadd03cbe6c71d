import { createServer, type AddressInfo } from 'node:net'
import test from 'ava'
import { installSql } from 'kanthorq-tasks'
import { readMigrations } from '../src/migrations.ts'
import { catalog } from './support/catalog.ts'
import { useServer } from './support/empty-database.ts'
import { runProgram, type Outcome } from './support/run-program.ts'

const { emptyDatabase, role } = useServer(test)
const names = readMigrations().map(({ name }) => name)
const newest = names.at(-1) ?? ''
const applied = names.map((name) => `applied ${name}\n`).join('')

function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return runProgram(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...args], { env })
}

test('migrate up installs, says what it applied, and then that it is up to date', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const up = ['migrate', 'up', '--url', url]
  t.deepEqual(await run(up), { code: 0, stdout: applied, stderr: '' })
  t.true('table kanthorq_consumer_registry' in (await catalog(client)))
  t.deepEqual(await run(up), { code: 0, stdout: 'nothing to do: up to date\n', stderr: '' })
})

test('migrate down takes back one migration at a time, to the bottom', async (t) => {
  const { url } = await emptyDatabase(t)
  const env = { DATABASE_URL: url }
  await run(['migrate', 'up'], env)
  for (const name of names.toReversed()) {
    const outcome = await run(['migrate', 'down'], env)
    t.deepEqual(outcome, { code: 0, stdout: `took back ${name}\n`, stderr: '' })
  }
  const outcome = await run(['migrate', 'down'], env)
  t.deepEqual(outcome, { code: 0, stdout: 'nothing to take back\n', stderr: '' })
})

test('migrate sql prints the SQL file, and needs no server', async (t) => {
  const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' }
  t.deepEqual(await run(['migrate', 'sql'], env), { code: 0, stdout: installSql(), stderr: '' })
})

test('--schema names the schema', async (t) => {
  const { client, url } = await emptyDatabase(t)
  for (const direction of ['up', 'down'])
    t.is((await run(['migrate', direction, '--schema', 'My queue', '--url', url])).code, 0)
  t.deepEqual(await catalog(client), {})
  t.true('table kanthorq_migrations' in (await catalog(client, 'My queue')))
})

test('--url comes before DATABASE_URL, and DATABASE_URL before PGHOST and the like', async (t) => {
  const nowhere = await closedPort()
  const { url } = await emptyDatabase(t)
  const { hostname, port, username, password, pathname } = new URL(url)
  const pg = {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  }
  t.is((await run(['migrate', 'up', '--url', url], { DATABASE_URL: nowhere })).stdout, applied)
  const down = ['migrate', 'down']
  t.is((await run(down, { DATABASE_URL: url, PGHOST: 'nowhere.invalid' })).code, 0)
  t.deepEqual(await run(['migrate', 'up'], pg), {
    code: 0,
    stdout: `applied ${newest}\n`,
    stderr: '',
  })
})

test('--help prints the usage, whatever stands beside it', async (t) => {
  const help = await run(['--help'])
  t.is(help.code, 0)
  t.is(help.stderr, '')
  t.regex(help.stdout, /^Usage:\n {2}kanthorq-tasks migrate up .*\n.*migrate down.*\n.*migrate sql/)
  t.deepEqual(await run(['migrate', 'down', '-h']), help)
})

for (const args of [[], ['migrate'], ['migrate', 'sideways'], ['migrate', 'up', 'now'], ['up']]) {
  test(`"${args.join(' ')}" is no command: usage on stderr, exit code 2`, async (t) => {
    const { stdout: usage } = await run(['--help'])
    t.deepEqual(await run(args), { code: 2, stdout: '', stderr: usage })
  })
}

for (const args of [
  ['migrate', 'up', '--force'],
  ['migrate', 'up', '--schema'],
  ['migrate', 'sql', '--schema', 'queue'],
]) {
  test(`"${args.join(' ')}" is refused in one line, with exit code 2`, async (t) => {
    const { code, stdout, stderr } = await run(args)
    t.deepEqual([code, stdout], [2, ''])
    t.regex(stderr, /^[^\n]*(--force|--schema)[^\n]*\n$/)
  })
}

test('a server that is not there is told in one line, without the password', async (t) => {
  const url = new URL(await closedPort())
  for (const host of ['127.0.0.1', 'localhost']) {
    url.hostname = host
    const { code, stdout, stderr } = await run(['migrate', 'up'], { DATABASE_URL: url.href })
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, /^connect ECONNREFUSED [^\n]+\n$/)
  }
})

for (const url of ['postgres://me:hunter2@[broken/db', 'postgres://me:hunter2@host:port/db']) {
  test(`${url} is refused in one line, without the password, with exit code 2`, async (t) => {
    const { code, stdout, stderr } = await run(['migrate', 'up', '--url', url])
    t.deepEqual([code, stdout], [2, ''])
    t.regex(stderr, /^[^\n]*postgres:\/\/user:password@host:port\/database[^\n]*\n$/)
    t.notRegex(stderr, /hunter2/)
  })
}

test('a schema that can not be, or may not be used, is told without a stack trace', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const { into } = await role()
  await client.query('create schema queue')

  const bad = await run(['migrate', 'up', '--url', url, '--schema', 'a$b'])
  t.is(bad.code, 1)
  t.regex(bad.stderr, /^"a\$b" can't be the schema: [^\n]+\n$/)

  const closed = await run(['migrate', 'up', '--url', into(url), '--schema', 'queue'])
  t.deepEqual(closed, { code: 1, stdout: '', stderr: 'permission denied for schema queue\n' })
})

test('when the server says no, its hint is printed too', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await run(['migrate', 'up', '--url', url])
  await client.query(
    "insert into kanthorq_stream_registry (id, name) values ('stream_1', 'orders')",
  )
  const outcomes = []
  for (const name of names)
    outcomes.push({ name, ...(await run(['migrate', 'down', '--url', url])) })
  t.like(outcomes.at(-1), {
    code: 1,
    stdout: '',
    stderr:
      'kanthorq_stream_registry holds rows, so it is not dropped\n' +
      'Keep it: the functions are what the migrations after this one install. If it really has to go, delete its rows first.\n',
  })
})

/** A URL, with a password, of a port where nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `postgres://me:hunter2@127.0.0.1:${port}/nowhere`
}
