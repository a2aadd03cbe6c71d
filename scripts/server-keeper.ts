/**
 * The process beside ours that owns what has to be cleaned up: the embedded server, or with DATABASE_URL what the run
 * created on that server. It kills and restarts its server when told to. It cleans up when told to, or as soon as the
 * process that started it is gone, however that ended: thrown, interrupted, killed. Removing its folder is the last thing
 * it does.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { isRoot, loadEmbeddedPostgres } from './embedded-postgres.ts'
import { killTree } from './kill-tree.ts'
import type { KeeperOrder, KeeperReport } from './server.ts'
import { dropRun } from './throwaway-database.ts'

const [folder = '', kind] = process.argv.slice(2)
const given = process.env['DATABASE_URL']
const logs: string[] = []

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // synchronous_commit stays on in any case: without fsync it costs next to nothing, and commits keep the order and
  // visibility that they have in production.
  ...(kind === 'durable' ? quickRecovery() : { fsync: 'off', full_page_writes: 'off' }),
}

process.once('exit', () => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
})
process.once('uncaughtException', fail)

// The library leaves its password file in the temporary folder, where the user `postgres` has to be able to read it.
process.env['TMPDIR'] = folder
process.umask(0o022)

const released = new Promise<void>((resolve) => {
  process.on('message', (order: KeeperOrder) => {
    if (order === 'stop') resolve()
  })
  process.once('disconnect', resolve)
  if (!process.connected) resolve()
})

try {
  const server = given ? { url: given, stop: () => dropRun(given) } : await startEmbedded()
  process.on('message', (order: KeeperOrder) => {
    if (order === 'stop' || !('kill' in server)) return
    server[order]().then(() => {
      report({ url: server.url })
    }, fail)
  })
  report({ url: server.url })
  await released
  await server.stop()
  process.exit()
} catch (error) {
  fail(error)
}

function report(message: KeeperReport): void {
  if (process.connected) process.send?.(message)
}

function fail(error: unknown): never {
  const reason = error instanceof Error ? error.message : 'It exited.'
  if (given) console.error(`What this run created could not be dropped. ${reason}`)
  else report({ error: ['The embedded PostgreSQL did not start.', reason, ...logs].join('\n') })
  process.exit(1)
}

/** At its start after a crash, PostgreSQL syncs the files of its folder one by one, or on Linux as quickly as can be. */
function quickRecovery(): Record<string, string> {
  return process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}
}

interface Embedded {
  url: string
  stop: () => Promise<void>
  kill: () => Promise<void>
  start: () => Promise<void>
}

async function startEmbedded(): Promise<Embedded> {
  const EmbeddedPostgres = await loadEmbeddedPostgres(folder)
  const password = randomBytes(16).toString('hex')
  const log = (message: unknown) => {
    logs.push(String(message).trim())
    if (logs.length > 20) logs.shift()
  }
  const configure = (port: number) =>
    new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      port,
      password,
      authMethod: 'scram-sha-256',
      createPostgresUser: isRoot,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      postgresFlags: Object.entries(settings).flatMap(([name, value]) => [
        '-c',
        `${name}=${value}`,
      ]),
      onLog: log,
      onError: log,
    })

  await configure(0).initialise()
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const server = configure(port)
    try {
      await server.start()
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
      let running = true
      return {
        url,
        stop: async () => {
          // The library would wait for a server that has been killed.
          if (running) await server.stop()
        },
        kill: async () => {
          running = false
          await kill(server)
        },
        start: () => {
          running = true
          return server.start()
        },
      }
    } catch (error) {
      // Another process may have taken the port between our asking and our binding it.
      if (attempt === 3 || !logs.join().includes('could not bind')) throw error
      logs.length = 0
    }
  }
}

/** Waits until no process of it is left: each has the server's pipe, which is closed when all have let go of it. */
async function kill(server: object): Promise<void> {
  const postmaster = Reflect.get(server, 'process') as ChildProcess
  const closed = once(postmaster, 'close')
  if (postmaster.pid !== undefined) killTree(postmaster.pid)
  await closed
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve, reject) => probe.once('listening', resolve).once('error', reject))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
