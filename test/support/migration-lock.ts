import type { ClientBase } from 'pg'
import { PG_MIGRATE_LOCK_ID } from 'node-pg-migrate'
import { until } from './until.ts'

/**
 * Keeps all migrations of a database waiting until so many sessions wait, then lets them go.
 *
 * @param started - starts what will wait
 * @param meanwhile - is called while all of them wait
 * @throws Error when they do not all wait within a minute; they are let go then, too
 */
export async function holdMigrations<T>(
  client: ClientBase,
  sessions: number,
  started: () => Promise<T>,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  await client.query('select pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID])
  const result = started()
  // Should it fail while we look, then that is what the caller is to hear.
  result.catch(() => undefined)
  try {
    await Promise.race([untilWaiting(client, sessions), result])
    await meanwhile()
  } finally {
    await client.query('select pg_advisory_unlock($1)', [PG_MIGRATE_LOCK_ID])
  }
  return result
}

async function untilWaiting(client: ClientBase, sessions: number): Promise<void> {
  const sql = `select from pg_locks join pg_database d on d.oid = database
    where datname = current_database() and locktype = 'advisory' and not granted`
  await until(
    async () => (await client.query(sql)).rowCount === sessions,
    `${sessions} sessions do not all wait for the lock that migrations take`,
  )
}
