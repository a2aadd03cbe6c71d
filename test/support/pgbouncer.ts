import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { makeFolder, startLeashed } from '../../scripts/leashed.ts'

/** A PgBouncer in transaction mode in front of a server. */
export interface PgBouncer {
  /** The folder with its socket: what {@link through} needs. */
  folder: string
  /** Ends it and all connections to it, and starts it again. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

const port = 6432

/** Where the program is; undefined where it is not installed. */
export function findPgBouncer(): string | undefined {
  // Debian keeps it where not everybody looks.
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, 'pgbouncer'))
    .find((file) => existsSync(file))
}

/**
 * Starts a PgBouncer in transaction mode, for all databases of a server.
 *
 * @param serverUrl - connection string of the server's owner
 * @param others - other roles that may connect through it
 * @param poolSize - how many connections it makes to a database for a role
 * @throws Error when it is not installed, or does not start
 */
export async function startPgBouncer(
  serverUrl: string,
  others: { name: string; password: string }[] = [],
  poolSize = 20,
): Promise<PgBouncer> {
  const program = findPgBouncer()
  if (program === undefined) {
    throw new Error('PgBouncer is not installed: `apt-get install pgbouncer`, or what your system has instead.')
  }
  const server = new URL(serverUrl)
  const owner = {
    name: decodeURIComponent(server.username),
    password: decodeURIComponent(server.password),
  }
  const folder = makeFolder('pgbouncer')
  const [settings, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')]
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  writeFileSync(users, [owner, ...others].map(({ name, password }) => `${quote(name)} ${quote(password)}\n`).join(''))
  writeFileSync(
    settings,
    `[databases]
* = host=${server.hostname} port=${server.port || '5432'}
[pgbouncer]
pool_mode = transaction
default_pool_size = ${poolSize}
listen_port = ${port}
unix_socket_dir = ${folder}
auth_type = scram-sha-256
auth_file = ${users}
admin_users = ${owner.name}
max_client_conn = 1000
`,
  )
  const command: [string, ...string[]] = [program, '--quiet', settings]
  const start = () => startLeashed(folder, 'SIGTERM', command, through(serverUrl, folder))
  let running = await start()
  return {
    folder,
    async restart() {
      await running.end()
      running = await start()
    },
    stop: () => running.stop(),
  }
}

/** The connection string by which a database of the server is reached through PgBouncer. */
export function through(url: string, folder: string): string {
  const address = new URL(url)
  address.port = String(port)
  address.searchParams.set('host', folder)
  return address.href
}
