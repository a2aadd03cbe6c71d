import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { withClient } from './with-client.ts'

/** A database that exists for one test or one demo. */
export interface ThrowawayDatabase {
  readonly name: string
  /** Connection string: the server's, with this database in it. */
  readonly url: string
  /** Drops the database. Sessions have a moment to leave, and are then ended. Idempotent. */
  readonly drop: () => Promise<void>
}

/** Whether this process began the run, and so has to drop what the run created: its child processes inherit the run. */
export const ownsRun = process.env['KANTHORQ_RUN'] === undefined

/** All that a run creates has this prefix, by which it is found when the run ends. */
const prefix = `kanthorq_tmp_${(process.env['KANTHORQ_RUN'] ??= randomBytes(4).toString('hex'))}_`

/**
 * Creates a database with a unique name. If nobody drops it, {@link dropRun} does.
 *
 * @param serverUrl - connection string of the server's maintenance database; its role may CREATE DATABASE
 * @param template - name of a database to copy that nobody stays connected to
 * @param strategy - `file_copy`, as of PostgreSQL 15, is quicker where gigabytes are copied
 */
export async function createDatabase(
  serverUrl: string,
  template = 'template0',
  strategy?: 'file_copy',
): Promise<ThrowawayDatabase> {
  const name = uniqueName()
  const sql =
    `CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(template)}` +
    (strategy === undefined ? '' : ` STRATEGY ${strategy}`)
  await withClient(serverUrl, async (client) => {
    const create = () => client.query(sql)
    // The server waits five seconds for other sessions of the template before it refuses.
    await create().catch((error: unknown) => {
      if (error instanceof pg.DatabaseError && error.code === '55006') return create()
      throw error
    })
  })
  return {
    name,
    url: Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href,
    drop: () => withClient(serverUrl, (client) => dropPolitely(client, name)),
  }
}

/** Creates a role that may log in and has no other rights. It is dropped when the run ends, after all databases. */
export async function createRole(serverUrl: string) {
  const role = { name: uniqueName(), password: randomBytes(16).toString('hex') }
  await withClient(serverUrl, (client) =>
    // One has to be a member of a role to end its sessions, as dropping a database does.
    client.query(`CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}' ROLE CURRENT_USER`),
  )
  return role
}

/** Drops every database and role that this run created and has not dropped, those of its child processes too. */
export async function dropRun(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const select = async (name: string, from: string, start = prefix) => {
      const sql = `SELECT ${name} AS name FROM ${from} WHERE starts_with(${name}, $1)`
      return (await client.query<{ name: string }>(sql, [start])).rows
    }
    // A session completes its CREATE DATABASE even when its client is gone.
    const creating = "(SELECT query FROM pg_stat_activity WHERE state = 'active') q"
    while ((await select('query', creating, `CREATE DATABASE ${prefix}`)).length > 0) await setTimeout(10)
    for (const { name } of await select('datname', 'pg_database')) await drop(client, name)
    for (const { name } of await select('rolname', 'pg_roles')) await client.query(`DROP ROLE IF EXISTS ${name}`)
  })
}

function uniqueName(): string {
  return prefix + randomBytes(6).toString('hex')
}

/** A pool of node-postgres has ended before its connections have, and a connection that the server ends throws. */
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
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}
