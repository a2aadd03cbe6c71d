import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { startKillableServer, startServer, type Server } from '../../scripts/server.ts'
import { createDatabase, createRole } from '../../scripts/throwaway-database.ts'
import { tsx } from '../../scripts/tsx.ts'

// These tests too may run with DATABASE_URL, as part of a run. What they start must know of neither.
delete process.env['DATABASE_URL']
delete process.env['KANTHORQ_RUN']

let shared: Server

test.before(async () => {
  shared = await startServer()
})

test.after.always(() => shared.stop())

interface Held {
  readonly url: string
  readonly created: string[]
}

/** A process that starts a server, creates two databases and a role, says so, and when told to goes on with `then`. */
function holder(t: ExecutionContext, then: string, env: NodeJS.ProcessEnv = {}) {
  const code = `
    import { startServer } from '${String(new URL('../../scripts/server.ts', import.meta.url))}'
    import { createDatabase, createRole } from '${String(new URL('../../scripts/throwaway-database.ts', import.meta.url))}'
    const server = await startServer()
    const { drop, name } = await createDatabase(server.url)
    const other = await createDatabase(server.url)
    const role = await createRole(server.url)
    console.log(JSON.stringify({ url: server.url, created: [name, other.name, role.name] }))
    await new Promise((resolve) => process.stdin.once('data', resolve))
    ${then}`
  const node = ['--import', tsx, '--input-type', 'module', '--eval', code]
  const child = spawn(process.execPath, node, { env: { ...process.env, ...env } })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const errors = text(child.stderr)
  t.teardown(() => child.kill('SIGKILL'))
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    goOn: () => child.stdin.write('\n'),
    held: async () => {
      const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [unknown]
      return JSON.parse(String(line)) as Held
    },
    errors,
    ended,
  }
}

async function query(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, values, rowMode: 'array' })
    return rows.flat()
  } finally {
    await client.end()
  }
}

/** What an embedded server consists of, and whether that is still there. */
async function remainsOf(url: string): Promise<() => { process: boolean; folder: boolean }> {
  const [data, lock] = await query(
    url,
    "SELECT current_setting('data_directory'), pg_read_file('postmaster.pid')",
  )
  const folder = dirname(String(data))
  const pid = Number.parseInt(String(lock))
  return () => ({ process: isAlive(pid), folder: existsSync(folder) })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Which of the databases and roles the shared server still has. */
function remaining(created: string[]): Promise<unknown[]> {
  const sql = `
    SELECT datname FROM pg_database WHERE datname = ANY($1)
    UNION ALL
    SELECT rolname FROM pg_roles WHERE rolname = ANY($1)`
  return query(shared.url, sql, [created])
}

const everything = { process: true, folder: true }
const nothing = { process: false, folder: false }

test('starts a server that answers, and leaves no process and no folder when stopped', async (t) => {
  const server = await startServer()
  t.true(server.embedded)
  t.deepEqual(await query(server.url, "SELECT split_part(version(), ' ', 2)"), [server.version])
  const remains = await remainsOf(server.url)
  t.deepEqual(remains(), everything)
  await server.stop()
  t.deepEqual(remains(), nothing)
  await t.notThrowsAsync(() => server.stop())
})

test('a server that was killed starts again with all that was committed, and leaves nothing either', async (t) => {
  const server = await startKillableServer()
  const remains = await remainsOf(server.url)
  t.deepEqual(await query(server.url, 'SHOW fsync'), ['on'])
  for (const answer of [42, 43]) {
    await query(server.url, `CREATE TABLE fact${answer} AS SELECT ${answer} AS answer`)
    await server.kill()
    t.deepEqual(remains(), { process: false, folder: true })
    await server.start()
    t.deepEqual(await query(server.url, `SELECT answer FROM fact${answer}`), [answer])
  }
  await server.kill()
  await server.stop()
  t.deepEqual(remains(), nothing)
})

test('listens on the loopback address only, without a socket file', async (t) => {
  const sql =
    "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
  t.deepEqual(await query(shared.url, sql), ['127.0.0.1', ''])
})

const endings = [
  ['is interrupted by SIGINT', 130, { signal: 'SIGINT' }],
  ['is ended by SIGTERM', 143, { signal: 'SIGTERM' }],
  ['throws', 1, { then: "throw new Error('thrown')" }],
  ['exits', 3, { then: 'process.exit(3)' }],
  [
    'ends without stopping the server',
    4,
    { then: 'process.exitCode = 4; process.stdin.destroy()' },
  ],
] as const

for (const [how, code, ending] of endings) {
  test(`nothing is left of the server when its process ${how}`, async (t) => {
    const child = holder(t, 'then' in ending ? ending.then : '')
    const remains = await remainsOf((await child.held()).url)
    if ('signal' in ending) child.kill(ending.signal)
    else child.goOn()
    t.deepEqual(await child.ended, [code, null])
    t.deepEqual(remains(), nothing)
  })

  test(`on the server of DATABASE_URL nothing is left when the process ${how}`, async (t) => {
    const child = holder(t, 'then' in ending ? ending.then : '', { DATABASE_URL: shared.url })
    const { url, created } = await child.held()
    t.is(url, shared.url)
    t.is((await remaining(created)).length, 3)
    if ('signal' in ending) child.kill(ending.signal)
    else child.goOn()
    t.deepEqual(await child.ended, [code, null])
    t.deepEqual(await remaining(created), [])
  })
}

test('nothing is left of the server soon after its process was killed', async (t) => {
  const child = holder(t, '')
  const remains = await remainsOf((await child.held()).url)
  child.kill('SIGKILL')
  await child.ended
  while (remains().process || remains().folder) await delay(10)
  t.deepEqual(remains(), nothing)
})

test('what a killed process created is dropped soon after', async (t) => {
  const child = holder(t, '', { DATABASE_URL: shared.url })
  const { created } = await child.held()
  child.kill('SIGKILL')
  await child.ended
  while ((await remaining(created)).length > 0) await delay(10)
  t.deepEqual(await remaining(created), [])
})

test('with DATABASE_URL, stop() drops what is left and lets the server and what others created be', async (t) => {
  const { name } = await createDatabase(shared.url)
  const child = holder(t, 'await drop(); await server.stop()', { DATABASE_URL: shared.url })
  const { created } = await child.held()
  child.goOn()
  while ((await remaining(created)).length > 0) await delay(10)
  t.deepEqual(await remaining([...created, name]), [name])
})

test('a process that belongs to a run leaves what it created to whoever began the run', async (t) => {
  const env = { DATABASE_URL: shared.url, KANTHORQ_RUN: 'inherited' }
  const child = holder(t, 'process.exit()', env)
  const { created } = await child.held()
  child.goOn()
  await child.ended
  t.deepEqual(new Set(await remaining(created)), new Set(created))
})

test('says that DATABASE_URL cannot be connected to, why, and what to do, without its password', async (t) => {
  const child = holder(t, '', { DATABASE_URL: 'postgres://someone:s3cret@127.0.0.1:1/postgres' })
  const errors = await child.errors
  t.deepEqual(await child.ended, [1, null])
  t.regex(errors, /DATABASE_URL names, 127\.0\.0\.1:1, .* ECONNREFUSED .*unset it/)
  t.notRegex(errors, /s3cret/)
})

test('says that DATABASE_URL is malformed without showing its password', async (t) => {
  const child = holder(t, '', { DATABASE_URL: 'postgres://someone:s3cret@a:b:c/postgres' })
  const errors = await child.errors
  t.regex(errors, /DATABASE_URL is not a connection string/)
  t.notRegex(errors, /s3cret/)
})

test('copies a template, even several times at once', async (t) => {
  const template = await createDatabase(shared.url)
  await query(template.url, 'CREATE TABLE fact AS SELECT 42 AS answer')
  const copies = await Promise.all(
    Array.from({ length: 4 }, () => createDatabase(shared.url, template.name)),
  )
  t.is(new Set(copies.map(({ name }) => name)).size, 4)
  for (const { url } of copies) t.deepEqual(await query(url, 'SELECT answer FROM fact'), [42])
})

test('drops a database that somebody is connected to, and does nothing the second time', async (t) => {
  const database = await createDatabase(shared.url)
  const client = new pg.Client(database.url)
  client.on('error', () => undefined)
  const disconnected = new Promise((resolve) => client.once('end', resolve))
  await client.connect()
  await database.drop()
  await disconnected
  t.deepEqual(await remaining([database.name]), [])
  await t.notThrowsAsync(() => database.drop())
})

test('creates a role that may log in and do no more', async (t) => {
  const { name, password } = await createRole(shared.url)
  const url = Object.assign(new URL(shared.url), { username: name, password })
  t.deepEqual(await query(url.href, 'SELECT current_user::text'), [name])
  await t.throwsAsync(() => createDatabase(url.href), { message: /permission denied/ })
})
