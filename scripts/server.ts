import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { isRoot, othersMayReach } from './embedded-postgres.ts'
import { ownsRun } from './throwaway-database.ts'
import { tsx } from './tsx.ts'

/** A PostgreSQL server to create throw-away databases on. */
export interface Server {
  /** Connection string of its maintenance database, with a role that may CREATE DATABASE and CREATE ROLE. */
  readonly url: string
  /** e.g. "18.4" */
  readonly version: string
  /** true when we started it ourselves */
  readonly embedded: boolean
  /**
   * Stops it and removes its folder. A server that is not ours goes on running, without the databases that this run
   * created on it and left. Idempotent.
   */
  readonly stop: () => Promise<void>
}

/** An embedded server whose data survive a crash, and that can be made to crash. */
export interface KillableServer extends Server {
  /** Kills all its processes at once, and waits until they are gone. Whoever is connected loses the connection. */
  readonly kill: () => Promise<void>
  /** Starts it again after that, on the same data and port, and waits until it has recovered. */
  readonly start: () => Promise<void>
}

/** What the keeper process is told: to end, or what to do with the server. */
export type KeeperOrder = 'stop' | 'kill' | 'start'

/** What the keeper process says at first and after `kill` and `start`: the server that it keeps, or what went wrong. */
export type KeeperReport = { url: string } | { error: string }

/**
 * The server that DATABASE_URL names, or else an embedded one started on a free port in a temporary folder. Either
 * way nothing is left behind when the process ends, by itself, by an error, or by SIGINT, SIGTERM or SIGHUP, on which
 * it exits with 128 + the signal's number.
 *
 * @throws Error when DATABASE_URL cannot be connected to, or PostgreSQL does not start; the message says what to do
 */
export async function startServer(): Promise<Server> {
  const url = process.env['DATABASE_URL']
  return url ? useServer(url) : startEmbedded()
}

/**
 * An embedded server that may be killed, whatever DATABASE_URL says. It writes as carefully as one in production, and
 * nothing is left behind either.
 *
 * @throws Error when PostgreSQL does not start; the message says what to do
 */
export async function startKillableServer(): Promise<KillableServer> {
  const { url, stop, tell } = await startKeeper('durable')
  return {
    url,
    version: await versionOf(clientFor(url)),
    embedded: true,
    stop,
    kill: () => tell('kill'),
    start: () => tell('start'),
  }
}

async function useServer(url: string): Promise<Server> {
  const client = clientFor(url)
  const version = await versionOf(client).catch((cause: unknown) => {
    throw new Error(
      `The server that DATABASE_URL names, ${client.host}:${client.port}, cannot be used: ${reasonOf(cause)}. ` +
        'Start it or correct DATABASE_URL, or unset it to use an embedded server.',
      { cause },
    )
  })
  const stop = ownsRun ? (await startKeeper()).stop : () => Promise.resolve()
  return { url, version, embedded: false, stop }
}

async function startEmbedded(): Promise<Server> {
  const { url, stop } = await startKeeper()
  return { url, version: await versionOf(clientFor(url)), embedded: true, stop }
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

interface Keeper {
  readonly url: string
  /** Lets the keeper clean up and waits until it has. */
  readonly stop: () => Promise<void>
  /** Gives it an order, and waits until it is carried out. */
  readonly tell: (order: KeeperOrder) => Promise<void>
}

async function startKeeper(kind: 'fast' | 'durable' = 'fast'): Promise<Keeper> {
  const folder = mkdtempSync(join(temporaryFolder(), 'kanthorq-'))
  if (isRoot) chmodSync(folder, 0o711)
  const keeper = fork(
    fileURLToPath(new URL('./server-keeper.ts', import.meta.url)),
    [folder, kind],
    {
      execArgv: ['--import', tsx],
      // Its own process group, which Ctrl-C does not reach, and a folder that the user `postgres` may be in.
      detached: true,
      cwd: parse(folder).root,
      env: { ...process.env, ...(kind === 'durable' ? { DATABASE_URL: undefined } : {}) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
  const ended = once(keeper, 'exit')

  const release = () => {
    if (keeper.connected) keeper.send('stop')
  }
  // Nothing asynchronous happens in a process that is ending, but it can be held up until the keeper is done.
  const leave = () => {
    release()
    const deadline = Date.now() + 15_000
    while (existsSync(folder) && Date.now() < deadline) pause(10)
  }
  const quit = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal])
  process.once('exit', leave)
  for (const signal of endings) process.once(signal, quit)

  const stop = async () => {
    release()
    keeper.ref()
    await ended
    process.off('exit', leave)
    for (const signal of endings) process.off(signal, quit)
  }

  const report = async (): Promise<string> => {
    const [said] = (await Promise.race([
      once(keeper, 'message'),
      ended.then(() => [{ error: 'The process that keeps the server (server-keeper.ts) ended.' }]),
    ])) as [KeeperReport]
    if ('url' in said) return said.url
    await stop()
    throw new Error(said.error)
  }
  const url = await report()
  // From here on only stop() and tell() wait for it: whoever forgets to call stop() can end all the same.
  const letGo = () => {
    keeper.unref()
    keeper.channel?.unref()
  }
  letGo()
  const tell = async (order: KeeperOrder) => {
    keeper.ref()
    keeper.channel?.ref()
    if (keeper.connected) keeper.send(order)
    await report()
    letGo()
  }
  return { url, stop, tell }
}

const endings = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/** As root, PostgreSQL runs as the user `postgres`, who may not get at a TMPDIR of root's. */
function temporaryFolder(): string {
  return isRoot && !othersMayReach(tmpdir()) ? '/tmp' : tmpdir()
}
