import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { startKillableServer, startServer, type Server } from '../../scripts/server.ts'
import { createDatabase, createRole } from '../../scripts/throwaway-database.ts'
import { tsx } from '../../scripts/tsx.ts'
import { withClient } from '../../scripts/with-client.ts'
import { until } from '../support/until.ts'

// A run may have set these. What the tests start must have neither.
delete process.env['DATABASE_URL']
delete process.env['KANTHORQ_RUN']

let shared: Server
test.before(async () => {
  shared = await startServer()
})
test.after.always(() => shared.stop())

/** A process that starts a server, creates a database and a role, says so, and when told to goes on with `then`. */
function holder(t: ExecutionContext, { then = '', env = {} }: { then?: string; env?: object }) {
  const module = (name: string) => String(new URL(`../../scripts/${name}.ts`, import.meta.url))
  const code = `
    import { startServer } from '${module('server')}'
    import { createDatabase, createRole } from '${module('throwaway-database')}'
    const server = await startServer()
    const created = [await createDatabase(server.url), await createRole(server.url)]
    console.log(JSON.stringify({ url: server.url, created: created.map(({ name }) => name) }))
    await new Promise((resolve) => process.stdin.once('data', resolve))
    ${then}`
  const node = ['--import', tsx, '--input-type', 'module', '--eval', code]
  const child = spawn(process.execPath, node, { env: { ...process.env, ...env } })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const held = Promise.race([once(child.stdout, 'data'), ended]).then(([line]) => {
    return JSON.parse(String(line)) as { url: string; created: string[] }
  })
  held.catch(() => undefined)
  t.teardown(() => child.kill('SIGKILL'))
  return { child, held, ended, errors: text(child.stderr) }
}

async function query(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const query = { text: sql, values, rowMode: 'array' } as const
  return (await withClient(url, (client) => client.query<unknown[]>(query))).rows.flat()
}

/** What an embedded server consists of, as long as it is there. */
async function remainsOf(url: string): Promise<() => string[]> {
  const [data, lock] = await query(url, "SELECT current_setting('data_directory'), pg_read_file('postmaster.pid')")
  const folder = dirname(String(data))
  const pid = Number.parseInt(String(lock))
  return () => [...(isAlive(pid) ? ['process'] : []), ...(existsSync(folder) ? ['folder'] : [])]
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
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

test('a server answers on the loopback address only, and leaves nothing when stopped', async (t) => {
  const server = await startServer()
  const sql = `SELECT split_part(version(), ' ', 2), current_setting('listen_addresses'),
    current_setting('unix_socket_directories')`
  t.deepEqual(await query(server.url, sql), [server.version, '127.0.0.1', ''])
  const remains = await remainsOf(server.url)
  t.deepEqual(remains(), ['process', 'folder'])
  await server.stop()
  t.deepEqual(remains(), [])
  await t.notThrowsAsync(() => server.stop())
})

test('a server that was killed starts again with all that was committed, and leaves nothing either', async (t) => {
  const server = await startKillableServer()
  const remains = await remainsOf(server.url)
  t.deepEqual(await query(server.url, 'SHOW fsync'), ['on'])
  for (const answer of [42, 43]) {
    await query(server.url, `CREATE TABLE fact${answer} AS SELECT ${answer} AS answer`)
    await server.kill()
    t.deepEqual(remains(), ['folder'])
    await server.start()
    t.deepEqual(await query(server.url, `SELECT answer FROM fact${answer}`), [answer])
  }
  await server.kill()
  await server.stop()
  t.deepEqual(remains(), [])
})

for (const [how, code, ending] of [
  ['is interrupted by SIGINT', 130, 'SIGINT'],
  ['is ended by SIGTERM', 143, 'SIGTERM'],
  ['throws', 1, "throw new Error('thrown')"],
  ['exits', 3, 'process.exit(3)'],
  ['ends without stopping the server', 4, 'process.exitCode = 4; process.stdin.destroy()'],
  ['stops the server', 0, 'await server.stop(); process.stdin.destroy()'],
] as const) {
  test(`nothing is left of an embedded server, or on that of DATABASE_URL, when the process ${how}`, async (t) => {
    for (const env of [{}, { DATABASE_URL: shared.url }]) {
      const { child, held, ended } = holder(t, { then: ending, env })
      const { url, created } = await held
      const remains = await remainsOf(url)
      if (ending === 'SIGINT' || ending === 'SIGTERM') child.kill(ending)
      else child.stdin.write('\n')
      t.deepEqual(await ended, [code, null])
      t.deepEqual(await remaining(created), [])
      t.deepEqual(remains(), url === shared.url ? ['process', 'folder'] : [])
    }
  })
}

test('an embedded server is gone soon after its process was killed', async (t) => {
  const { child, held } = holder(t, {})
  const remains = await remainsOf((await held).url)
  child.kill('SIGKILL')
  await until(() => Promise.resolve(remains().length === 0), 'it is still there')
  t.pass()
})

test('a process that belongs to a run leaves what it created to the process that began the run', async (t) => {
  const env = { DATABASE_URL: shared.url, KANTHORQ_RUN: 'inherited' }
  const { child, held, ended } = holder(t, { then: 'process.exit()', env })
  const { created } = await held
  child.stdin.write('\n')
  await ended
  t.deepEqual(new Set(await remaining(created)), new Set(created))
})

test('an error about DATABASE_URL says what is wrong and what to do, without its password', async (t) => {
  for (const [address, message] of [
    ['127.0.0.1:1', /DATABASE_URL names, 127\.0\.0\.1:1, .* ECONNREFUSED .*unset it/],
    ['a:b:c', /DATABASE_URL is not a connection string/],
  ] as const) {
    const env = { DATABASE_URL: `postgres://someone:s3cret@${address}/postgres` }
    const { ended, errors } = holder(t, { env })
    t.deepEqual(await ended, [1, null])
    t.regex(await errors, message)
    t.notRegex(await errors, /s3cret/)
  }
})

test('a template is copied several times at once', async (t) => {
  const template = await createDatabase(shared.url)
  await query(template.url, 'CREATE TABLE fact AS SELECT 42 AS answer')
  const copies = await Promise.all(Array.from({ length: 4 }, () => createDatabase(shared.url, template.name)))
  for (const { url } of copies) t.deepEqual(await query(url, 'SELECT answer FROM fact'), [42])
})

test('a database is dropped while somebody is connected to it, and a second time', async (t) => {
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

test('a role may log in and do no more', async (t) => {
  const { name, password } = await createRole(shared.url)
  const url = Object.assign(new URL(shared.url), { username: name, password })
  t.deepEqual(await query(url.href, 'SELECT current_user::text'), [name])
  await t.throwsAsync(() => createDatabase(url.href), { message: /permission denied/ })
})
