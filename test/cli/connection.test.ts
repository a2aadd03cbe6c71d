// How the program gets to a server, and what it says when it does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { migrate } from 'kanthorq-tasks'
import { kanthorqTasks, records } from '../support/command-line.ts'
import { useServer } from '../support/empty-database.ts'
import { startPatientServer } from '../support/patient-server.ts'

const server = useServer(test)

test('a password comes from ~/.pgpass, and is not asked of anybody', async (t) => {
  const { url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  const role = await server.role()
  await kanthorqTasks(['grant', role.name, 'viewer', '--url', url])
  const way = new URL(role.into(url))
  const password = decodeURIComponent(way.password)
  way.password = ''
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-pgpass-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const env = { PGPASSFILE: join(folder, 'pgpass') }

  t.deepEqual(await kanthorqTasks(['stats', '--url', way.href], { env }), {
    code: 1,
    stdout: '',
    stderr:
      'the server asks for a password and there is none: put it into ~/.pgpass, PGPASSWORD or the URL\n',
  })
  writeFileSync(env.PGPASSFILE, `*:*:*:${role.name}:${password}\n`, { mode: 0o600 })
  t.deepEqual(await kanthorqTasks(['stats', '--url', way.href], { env }), {
    code: 3,
    stdout: '',
    stderr: 'there are no tasks\n',
  })
  const wrong = await kanthorqTasks(['stats', '--url', way.href], {
    env: { PGPASSWORD: 'hunter2' },
  })
  t.is(wrong.code, 1)
  t.regex(
    wrong.stderr,
    /^password authentication failed [^\n]+\nCheck the user and the password in [^\n]+\n$/,
  )
})

test('the log shows the name of the program, or the one that PGAPPNAME gives', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query("select kanthorq_stream_register('orders')")
  await client.query("select kanthorq_consumer_register('orders', 'send_email', '{>}')")
  const ids = []
  for (let n = 0; n < 2; n += 1) {
    const { rows } = await client.query<{ event_id: string }>(
      `select event_id from kanthorq_task_convert('send_email',
         array[kanthorq_stream_publish('orders', 'order.created', 'body')])`,
    )
    ids.push(rows[0]?.event_id ?? '')
  }
  await kanthorqTasks(['cancel', 'send_email', ids[0] ?? '', '--url', url])
  await kanthorqTasks(['cancel', 'send_email', ids[1] ?? '', '--url', url], {
    env: { PGAPPNAME: 'the night shift' },
  })
  const log = await kanthorqTasks(['log', '--json', '--url', url])
  t.deepEqual(
    records<{ applicationName: string }>(log).map(({ applicationName }) => applicationName),
    ['the night shift', 'kanthorq-tasks'],
  )
})

test('--url comes before DATABASE_URL, and DATABASE_URL before PGHOST and the like', async (t) => {
  const nowhere = await closedPort()
  const { url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  const { hostname, port, username, password, pathname } = new URL(url)
  const variables = {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  }
  const code = async (env: NodeJS.ProcessEnv, ...args: string[]) =>
    (await kanthorqTasks(['doctor', ...args], { env })).code
  t.is(await code({ DATABASE_URL: nowhere }, '--url', url), 0)
  t.is(await code({ DATABASE_URL: url, PGHOST: 'nowhere.invalid' }), 0)
  t.is(await code(variables), 0)
  t.is(await code({ ...variables, DATABASE_URL: nowhere }), 1)
})

const unread: [env: NodeJS.ProcessEnv, args: string[]][] = [
  [{ PGSERVICE: 'production' }, []],
  [{ PGSERVICE: 'production', PGHOST: 'localhost' }, []],
  [{}, ['--url', 'postgres:///?service=production']],
  [{}, ['--url', 'service=production']],
  [{}, ['--url', 'host=localhost dbname=orders']],
  [{ DATABASE_URL: 'host=localhost' }, []],
  [{}, ['--url', 'orders']],
  [{}, ['--url', 'mysql://root@localhost/orders']],
]

for (const [env, args] of unread) {
  const shown = [...Object.entries(env).map((pair) => pair.join('=')), ...args].join(' ')
  test(`${shown} is refused: psql would read it in another way`, async (t) => {
    const { code, stderr } = await kanthorqTasks(['stats', ...args], { env })
    t.is(code, 2)
    t.regex(stderr, /^[^\n]+ (not read here): [^\n]+\n$/)
  })
}

test('with a URL, PGSERVICE does not matter', async (t) => {
  const { url } = await server.emptyDatabase(t)
  const { code } = await kanthorqTasks(['migrate', 'up', '--url', url], { env: { PGSERVICE: 'x' } })
  t.is(code, 0)
})

test('an empty --url is refused: it stands for no other', async (t) => {
  const { code, stderr } = await kanthorqTasks(['stats', '--url', ''])
  t.is(code, 2)
  t.regex(stderr, /^option '--url <url>' [^\n]+ leave the option out instead\.\n$/)
})

for (const url of ['postgres://me:hunter2@[broken/db', 'postgres://me:hunter2@host:port/db']) {
  test(`${url} is refused in one line, without the password, with exit code 2`, async (t) => {
    const { code, stdout, stderr } = await kanthorqTasks(['migrate', 'up', '--url', url])
    t.deepEqual([code, stdout], [2, ''])
    t.regex(stderr, /^[^\n]*postgres:\/\/user:password@host:port\/database[^\n]*\n$/)
    t.notRegex(stderr, /hunter2/)
  })
}

test('a server that is not there is told in one line, without the password', async (t) => {
  const url = new URL(await closedPort())
  for (const host of ['127.0.0.1', 'localhost']) {
    url.hostname = host
    const env = { DATABASE_URL: url.href }
    const { code, stdout, stderr } = await kanthorqTasks(['migrate', 'up'], { env })
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, /^connect ECONNREFUSED [^\n]+\n$/)
  }
})

test('a server that does not answer is given up on', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const url = `postgres://me:hunter2@127.0.0.1:${String(port)}/nowhere`
  const run = (PGCONNECT_TIMEOUT: string) =>
    kanthorqTasks(['stats', '--url', url], { env: { PGCONNECT_TIMEOUT } })
  const { code, stderr } = await run('1')
  t.is(code, 1)
  t.regex(stderr, /^the server does not answer: [^\n]+ PGCONNECT_TIMEOUT, in seconds\n$/)
  const bad = await run('soon')
  t.is(bad.code, 2)
  t.regex(
    bad.stderr,
    /^PGCONNECT_TIMEOUT is "soon": it takes a number of seconds; 0 is no limit\n$/,
  )
})

test('without a password the program ends by itself', async (t) => {
  const { url } = await startPatientServer(t)
  const env = { PGPASSFILE: '/nowhere' }
  for (const command of [['stats'], ['migrate', 'status']]) {
    const { code, stderr } = await kanthorqTasks([...command, '--url', url], { env })
    t.is(code, 1)
    t.regex(stderr, /^the server asks for a password and there is none: /)
  }
})

test('a database that does not exist is told, and where it may be named', async (t) => {
  const url = new URL(server.serverUrl())
  url.pathname = '/kanthorq_nowhere'
  t.deepEqual(await kanthorqTasks(['stats', '--url', url.href]), {
    code: 1,
    stdout: '',
    stderr:
      'database "kanthorq_nowhere" does not exist\n' +
      'Check the name in --url, DATABASE_URL or PGDATABASE.\n',
  })
})

test('a warning of node-postgres is one line', async (t) => {
  const url = new URL(server.serverUrl())
  url.searchParams.set('sslmode', 'require')
  const { stderr } = await kanthorqTasks(['stats', '--url', url.href])
  t.regex(stderr, /^SECURITY WARNING: [^\n]+\n[^\n]+\n$/)
})

test('only --debug prints where an error comes from, and never the password', async (t) => {
  const args = ['stats', 'nobody', '--url', server.serverUrl()]
  const { stderr } = await kanthorqTasks(args)
  t.notRegex(stderr, /^ {4}at /m)
  const debug = await kanthorqTasks([...args, '--debug'])
  t.true(debug.stderr.startsWith(stderr))
  t.regex(debug.stderr, /^ {4}at /m)
  for (const url of ['postgres://me:hunter2@[broken/db', 'postgres://me:hunter2@127.0.0.1:1/db']) {
    const outcome = await kanthorqTasks(['stats', '--url', url, '--debug'])
    t.regex(outcome.stderr, /^ {4}at /m)
    t.notRegex(outcome.stderr, /hunter2/)
  }
})

/** A URL, with a password, of a port where nobody listens. */
async function closedPort(): Promise<string> {
  const socket = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => socket.once('listening', resolve))
  const { port } = socket.address() as AddressInfo
  await new Promise((resolve) => socket.close(resolve))
  return `postgres://me:hunter2@127.0.0.1:${String(port)}/nowhere`
}
