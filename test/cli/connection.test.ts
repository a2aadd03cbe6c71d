// How the program connects to a server, and what it prints when that fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { kanthorqTasks } from '../support/command-line.ts'
import { useServer } from '../support/empty-database.ts'
import { startPatientServer } from '../support/patient-server.ts'
import { outcome, runOn } from './run.ts'

const server = useServer(test)
const secret = 'postgres://me:hunter2@'

test('a password comes from ~/.pgpass, and the program never asks for one', async (t) => {
  const { url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  const role = await server.role()
  await runOn({ url })(`grant ${role.name} viewer`)
  const way = new URL(role.into(url))
  const password = decodeURIComponent(way.password)
  way.password = ''
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-pgpass-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'pgpass')
  const stats = (env: NodeJS.ProcessEnv) => runOn({ url: way.href }, env)('stats')

  t.regex((await stats({ PGPASSFILE: file })).stderr, /^the server requires a password: /)
  writeFileSync(file, `*:*:*:${role.name}:${password}\n`, { mode: 0o600 })
  t.deepEqual(await stats({ PGPASSFILE: file }), outcome(3, '', 'there are no tasks\n'))
  t.regex(
    (await stats({ PGPASSWORD: 'hunter2' })).stderr,
    /^password authentication failed [^\n]+\nCheck the user and password in [^\n]+\n$/,
  )
})

test('--url has precedence over DATABASE_URL, and DATABASE_URL over PGHOST and PGSERVICE', async (t) => {
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
  const code = async (env: NodeJS.ProcessEnv, ...args: string[]) => (await kanthorqTasks(['doctor', ...args], { env })).code
  t.is(await code({ DATABASE_URL: nowhere, PGSERVICE: 'x' }, '--url', url), 0)
  t.is(await code({ DATABASE_URL: url, PGHOST: 'nowhere.invalid' }), 0)
  t.is(await code(variables), 0)
  t.is(await code({ ...variables, DATABASE_URL: nowhere }), 1)
})

test('the schema that a URL names is obeyed, or refused if the command line names another', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await migrate({ database: url, schema: 'queue' })
  await migrate({ database: url })
  await client.query("select queue.kanthorq_consumer_register('orders', 'in_queue', '{>}')")
  const at = (query: string) => `${url}${url.includes('?') ? '&' : '?'}${query}`
  for (const query of [
    'schema=queue',
    'currentSchema=queue',
    'search_path=queue',
    'options=-c%20search_path%3Dqueue',
    'options=-csearch_path=queue',
    'options=--search-path%3D%22queue%22&application_name=mine&connect_timeout=9',
  ]) {
    const found = outcome(3, '', 'no task of in_queue matches\n')
    t.deepEqual(await runOn({ url: at(query) })('find in_queue'), found, query)
    t.deepEqual(await kanthorqTasks(['find', 'in_queue', '--url', at(query)]), found, query)
    t.regex((await runOn({ url: at(query) })('migrate status')).stdout, /^MIGRATION/)
  }
  for (const query of ['schema=queue&schema=other', 'options=-c%20search_path%3Dqueue,public', 'schema=queue,public']) {
    const { code, stderr } = await runOn({ url: at(query) })('cancel in_queue --everything --yes')
    t.deepEqual([code, stderr.split('\n').length], [2, 2], query)
    t.regex(stderr, / name several schemas: name one with --schema$/m)
  }
  t.is((await runOn({ url: at('schema=queue') })('find in_queue --schema public')).code, 2)
  t.is((await runOn({ url: at('options=-c%20search_path%3Dother') })('find in_queue --schema queue')).code, 3)
  t.is((await runOn({ url }, { PGOPTIONS: '-c search_path=queue' })('find in_queue')).code, 3)
})

test('sslmode=prefer connects to a server without TLS, as in psql', async (t) => {
  const { url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  const nothing = outcome(3, '', 'there are no tasks\n')
  for (const query of ['?sslmode=prefer', '?sslmode=allow', '?application_name=mine&sslmode=prefer&connect_timeout=9'])
    t.deepEqual(await runOn({ url: `${url}${query}` })('stats'), nothing, query)
  t.deepEqual(await runOn({ url }, { PGSSLMODE: 'prefer' })('stats'), nothing)
})

/** A command line of each command that connects. */
const connecting = [
  'migrate up',
  'migrate down',
  'migrate status',
  'doctor',
  'stats',
  'find a',
  'find * --count',
  'explain a b',
  'show a',
  'cancel a b',
  'resume a --everything --yes',
  'discard a --everything --dry-run',
  'log',
  'undo 1 --yes',
  'undo --last --yes',
  'grant postgres viewer',
  'revoke postgres',
]

test('every command ends with 1 and at most three lines where it has no server, password, database or rights', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query(
    'revoke create on schema public from public; revoke temporary on database ' +
      new URL(url).pathname.slice(1) +
      ' from public',
  )
  const role = await server.role()
  const nobody = role.into(url)
  const failing = {
    'no server': await closedPort(),
    'a wrong password': Object.assign(new URL(nobody), { password: 'hunter2' }).href,
    'a wrong database': Object.assign(new URL(nobody), { pathname: '/kanthorq_nowhere' }).href,
    'no rights': nobody,
  }
  for (const [what, failed] of Object.entries(failing)) {
    // What keeps a command from connecting is the same for all but those that migrate.
    for (const line of what === 'no rights' ? connecting : ['migrate up', 'migrate status', 'cancel a b']) {
      // Looking needs no rights on the functions.
      if (what === 'no rights' && line === 'migrate status') continue
      const { code, stdout, stderr } = await runOn({ url: failed })(line)
      t.deepEqual([code, stdout], [1, ''], `${what}: ${line}\n${stderr}`)
      t.regex(stderr, /^([^\n]+\n){1,3}$/, `${what}: ${line}`)
      t.notRegex(stderr, /hunter2|^ +at |\.js:\d/m, `${what}: ${line}`)
    }
  }
})

test('what is printed does not depend on how the session of the server writes times', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query(
    `select kanthorq_consumer_register('orders', 'send_email', '{>}');
     select kanthorq_task_convert('send_email', array[kanthorq_stream_publish('orders', 'order.created', '')], 'pending');
     select kanthorq_task_convert('send_email', array[kanthorq_stream_publish('orders', 'order.created', '')], 'completed')`,
  )
  await runOn({ url })('cancel send_email --everything --yes')
  const ids = (await runOn({ url })('find send_email --ids')).stdout.trim().replace('\n', ' ')
  const odd = { PGOPTIONS: '-c DateStyle=German -c IntervalStyle=sql_standard -c TimeZone=Asia/Kolkata' }
  for (const line of [
    'stats',
    'stats --json',
    'find send_email',
    'find send_email --json',
    `explain send_email ${ids}`,
    `explain send_email ${ids} --json`,
    'resume send_email --everything --dry-run --json',
    'log',
    'log --json',
    'undo --last --dry-run --json',
    'migrate status --json',
  ])
    t.deepEqual(
      await runOn({ url }, { ...odd, TZ: 'America/Caracas' })(line),
      await runOn({ url }, { TZ: 'America/Caracas' })(line),
      line,
    )
})

const notSupported = / (is|are) not supported: [^\n]+/
const refused: [message: RegExp, env: NodeJS.ProcessEnv, ...args: string[]][] = [
  [notSupported, { PGSERVICE: 'production' }],
  [notSupported, { PGSERVICE: 'production', PGHOST: 'localhost' }],
  [notSupported, {}, '--url', 'postgres:///?service=production'],
  [notSupported, {}, '--url', 'service=production'],
  [notSupported, {}, '--url', 'host=localhost dbname=orders'],
  [notSupported, { DATABASE_URL: 'host=localhost' }],
  [notSupported, {}, '--url', 'orders'],
  [notSupported, {}, '--url', 'mysql://root@localhost/orders'],
  [notSupported, {}, '--url', `${secret}[broken/db`],
  [/postgres:\/\/user:password@host:port\/database/, {}, '--url', `${secret}host:port/db`],
  [/^option '--url <url>' [^\n]+ omit the option instead\.$/m, {}, '--url', ''],
  [
    /^PGCONNECT_TIMEOUT is "soon": set it to a number of seconds, or to 0 for no limit$/m,
    { PGCONNECT_TIMEOUT: 'soon' },
    '--url',
    `${secret}localhost/db`,
  ],
]

for (const [message, env, ...args] of refused) {
  const shown = [...Object.entries(env).map((pair) => pair.join('=')), ...args].join(' ')
  test(`${shown} is refused in one line, without the password, with exit code 2`, async (t) => {
    const { code, stdout, stderr } = await kanthorqTasks(['stats', ...args], { env })
    t.deepEqual([code, stdout], [2, ''])
    t.regex(stderr, /^[^\n]+\n$/)
    t.regex(stderr, message)
    t.notRegex(stderr, /hunter2/)
  })
}

test('a failed connection is reported in one or two lines, without the password', async (t) => {
  const refusing = new URL(await closedPort())
  const silent = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const patient = (await startPatientServer(t)).url
  const cases: [url: URL | string, line: string, stderr: RegExp][] = [
    [refusing, 'migrate up', /^connect ECONNREFUSED [^\n]+\n$/],
    [Object.assign(new URL(refusing), { hostname: 'localhost' }), 'stats', /^connect ECONNREFUSED [^\n]+\n$/],
    [
      `${secret}127.0.0.1:${String(port)}/nowhere`,
      'stats',
      /^the server does not answer: [^\n]+ PGCONNECT_TIMEOUT, in seconds\n$/,
    ],
    [patient, 'stats', /^the server requires a password: set it in ~\/.pgpass, [^\n]+\n$/],
    [patient, 'migrate status', /^the server requires a password: [^\n]+\n$/],
    [
      Object.assign(new URL(server.serverUrl()), { pathname: '/kanthorq_nowhere' }),
      'stats',
      /^database "kanthorq_nowhere" does not exist\nCheck the name in --url, [^\n]+\n$/,
    ],
  ]
  for (const [url, line, message] of cases) {
    // A program that left its connection open would never end.
    const run = runOn({ url: String(url) }, { PGCONNECT_TIMEOUT: '5', PGPASSFILE: '/nowhere' })
    const { code, stdout, stderr } = await run(line)
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, message)
    t.notRegex(stderr, /hunter2/)
  }
})

test('a warning of node-postgres is one line', async (t) => {
  const url = new URL(server.serverUrl())
  url.searchParams.set('sslmode', 'require')
  const { stderr } = await runOn({ url: url.href })('stats')
  t.regex(stderr, /^SECURITY WARNING: [^\n]+\n[^\n]+\n$/)
})

test('only --debug prints a stack trace, and never the password', async (t) => {
  for (const url of [server.serverUrl(), `${secret}[broken/db`, `${secret}127.0.0.1:1/db`]) {
    const run = runOn({ url })
    const { stderr } = await run('stats nobody')
    t.notRegex(stderr, /^ {4}at /m)
    const debug = await run('stats nobody --debug')
    t.true(debug.stderr.startsWith(stderr))
    t.regex(debug.stderr, /^ {4}at /m)
    t.notRegex(debug.stderr, /hunter2/)
  }
})

/** A URL with a password, of a port without a server. */
async function closedPort(): Promise<string> {
  const socket = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => socket.once('listening', resolve))
  const { port } = socket.address() as AddressInfo
  await new Promise((resolve) => socket.close(resolve))
  return `${secret}127.0.0.1:${String(port)}/nowhere`
}
