import type { ClientBase } from 'pg'
import { until } from './until.ts'

/**
 * Keeps migrations of a schema waiting, as another one that has just begun would, until so many sessions wait; then lets them go.
 *
 * @param started - starts what will wait
 * @throws Error when they do not all wait within a minute; they are let go then, too
 */
export async function holdMigrations<T>(
  client: ClientBase,
  sessions: number,
  started: () => Promise<T>,
  schema = 'public',
): Promise<T> {
  const table = `${schema}.kanthorq_migrations`
  await client.query(
    `begin; create schema if not exists ${schema}; create table if not exists ${table} ();
     lock table ${table} in share update exclusive mode`,
  )
  const result = started()
  // Should it fail while we look, then that is what the caller is to hear.
  result.catch(() => undefined)
  try {
    await Promise.race([untilWaiting(client, sessions), result])
  } finally {
    await client.query('rollback')
  }
  return result
}

async function untilWaiting(client: ClientBase, sessions: number): Promise<void> {
  const sql = `select distinct pid from pg_locks
    where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))`
  await until(
    async () => (await client.query(sql)).rowCount === sessions,
    `${sessions} sessions do not all wait for the lock that migrations take`,
  )
}
