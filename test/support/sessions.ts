import type { ExecutionContext } from 'ava'
import type pg from 'pg'
import { only } from './scene.ts'
import { until } from './until.ts'

/** A session of its own out of the pool. When the test ends, its transaction is rolled back and it is closed. */
export async function openSession(t: ExecutionContext, pool: pg.Pool): Promise<pg.PoolClient> {
  const client = await pool.connect()
  // A session that a test has the server terminate says so here as well.
  client.on('error', () => undefined)
  t.teardown(() => {
    client.release(true)
  })
  return client
}

/** The process that serves the session. */
export async function processOf(session: pg.ClientBase): Promise<number> {
  return only(await session.query<{ pid: number }>('select pg_backend_pid() as pid')).pid
}

/**
 * Waits until the server says that all of these processes wait for a lock: of process `holder`, or of anybody's when none
 * is named.
 *
 * @throws Error when that has not come to pass after a minute
 */
export async function untilBlocked(look: pg.Pool, waiters: readonly number[], holder?: number): Promise<void> {
  const sql = `select bool_and(coalesce($2 = any (blockers), cardinality(blockers) > 0)) as blocked
    from unnest($1::integer[]) pid, pg_blocking_pids(pid) blockers`
  await until(
    async () => only(await look.query<{ blocked: boolean }>(sql, [waiters, holder])).blocked,
    `processes ${waiters.join(', ')} do not all wait for ${holder ?? 'a lock'}`,
  )
}

/** Fails as soon as the call is over: for a race against {@link untilBlocked}, which would go on waiting. */
export async function withoutWaiting(call: Promise<unknown>): Promise<never> {
  await call
  throw new Error('the call did not wait')
}
