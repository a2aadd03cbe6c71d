import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

/** A database that exists for one test or one demo. */
export interface ThrowawayDatabase {
  readonly name: string
  /** Connection string, the server's with this database in it. */
  readonly url: string
  /** Drops the database; whoever is connected has a moment to leave, and is then disconnected. Idempotent. */
  readonly drop: () => Promise<void>
}

/** Whether this process began the run, and so has to tidy up after it: its child processes inherit the run. */
export const ownsRun = process.env['KANTHORQ_RUN'] === undefined

/** What a run creates shares a prefix, by which whatever an interrupted process left can be found. */
const run = (process.env['KANTHORQ_RUN'] ??= randomBytes(4).toString('hex'))
const prefix = `kanthorq_tmp_${run}_`

const objectInUse = '55006'
const attempts = 3

/**
 * Creates a database with a unique name, `kanthorq_tmp_…`, and drops it on request. Should the process end before,
 * then the server that `startServer` gave drops it.
 *
 * @param serverUrl connection string of the server's maintenance database; its role may CREATE DATABASE
 * @param template name of a database to copy, nobody being connected to it; without it, `template0`
 * @param strategy `file_copy`, which PostgreSQL has a name for since 15, is quicker where gigabytes are copied
 * @throws pg.DatabaseError when the server refuses, e.g. `55006` when somebody stays connected to the template
 */
export async function createDatabase(
  serverUrl: string,
  template = 'template0',
  strategy?: 'file_copy',
): Promise<ThrowawayDatabase> {
  const name = uniqueName()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await withClient(serverUrl, async (client) => {
    // A backend completes its CREATE DATABASE even when the client is gone. Holding this lock until the backend ends
    // is what makes dropRun wait for it, instead of missing a database that is only just coming.
    await client.query('SELECT pg_advisory_lock_shared(hashtext($1))', [prefix])
    await createFrom(client, name, template, strategy)
  })
  return {
    name,
    url: url.href,
    drop: () => withClient(serverUrl, (client) => dropPolitely(client, name)),
  }
}

/** A role that exists for one run. */
export interface ThrowawayRole {
  readonly name: string
  readonly password: string
}

/**
 * Creates a role that may log in and has no other rights. It is dropped when the run ends, after the databases in which
 * it may have been granted something.
 *
 * @param serverUrl connection string of the server's maintenance database; its role may CREATE ROLE
 */
export async function createRole(serverUrl: string): Promise<ThrowawayRole> {
  const role = { name: uniqueName(), password: randomBytes(16).toString('hex') }
  const [name, password] = [pg.escapeIdentifier(role.name), pg.escapeLiteral(role.password)]
  await withClient(serverUrl, (client) =>
    // One has to be a member of a role to disconnect its sessions, as dropping a database does.
    client.query(`CREATE ROLE ${name} LOGIN PASSWORD ${password} ROLE CURRENT_USER`),
  )
  return role
}

/**
 * Drops every database and role that this run created and has not dropped, those of its child processes too.
 *
 * @param serverUrl connection string of the server's maintenance database
 */
export async function dropRun(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [prefix])
    const databases = 'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)'
    for (const { name } of (await client.query<Named>(databases, [prefix])).rows) {
      await drop(client, name)
    }
    const roles = 'SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1)'
    for (const { name } of (await client.query<Named>(roles, [prefix])).rows) {
      await client.query(`DROP ROLE IF EXISTS ${pg.escapeIdentifier(name)}`)
    }
  })
}

interface Named {
  name: string
}

function uniqueName(): string {
  return prefix + randomBytes(6).toString('hex')
}

/** While another session uses the template, the server itself waits five seconds for it before it refuses. */
async function createFrom(
  client: pg.Client,
  name: string,
  template: string,
  strategy?: 'file_copy',
): Promise<void> {
  const sql =
    `CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(template)}` +
    (strategy === undefined ? '' : ` STRATEGY ${strategy}`)
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(sql)
      return
    } catch (error) {
      const inUse = error instanceof pg.DatabaseError && error.code === objectInUse
      if (!inUse || attempt === attempts) throw error
    }
  }
}

/**
 * node-postgres says that a pool has ended when it has only begun to close its connections, and one that is terminated
 * then takes the whole process down.
 */
async function dropPolitely(client: pg.Client, name: string): Promise<void> {
  const deadline = Date.now() + 5000
  while (Date.now() < deadline) {
    const { rows } = await client.query('SELECT FROM pg_stat_activity WHERE datname = $1', [name])
    if (rows.length === 0) break
    await setTimeout(10)
  }
  await drop(client, name)
}

async function drop(client: pg.Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
