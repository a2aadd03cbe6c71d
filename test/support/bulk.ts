import type pg from 'pg'
import { TaskClient, type Operation } from 'kanthorq-tasks'
import type { TestDatabase } from './database.ts'
import { only } from './scene.ts'
import { until } from './until.ts'

/** What a CALL returned, and its NOTICEs in the order in which they came. */
export interface Called {
  updated: number
  skipped: number
  bulkId: string | null
  notices: string[]
}

/**
 * CALLs a procedure and collects its NOTICEs.
 *
 * @param call - name and arguments of the procedure, as they stand after CALL
 */
export async function callProcedure(session: pg.ClientBase, call: string): Promise<Called> {
  const notices: string[] = []
  const listener = ({ message = '' }) => notices.push(message)
  session.on('notice', listener)
  try {
    const { updated, skipped, bulk_id } = only(
      await session.query<{ updated: string; skipped: string; bulk_id: string | null }>(`call ${call}`),
    )
    return { updated: Number(updated), skipped: Number(skipped), bulkId: bulk_id, notices }
  } finally {
    session.off('notice', listener)
  }
}

/** The log of a consumer, each batch by itself, the oldest operation first. */
export async function logOf(db: TestDatabase, consumer: string): Promise<Operation[]> {
  return (await new TaskClient(db.owner).operations(consumer, { batches: true })).reverse()
}

/**
 * Waits until the server says that a process sleeps in pg_sleep, or that it is gone.
 *
 * @throws Error when that has not come to pass after a minute
 */
export async function untilProcess(look: pg.Pool, pid: number, doing: 'sleeps' | 'gone'): Promise<void> {
  const sql = `select coalesce(max(wait_event), '') = 'PgSleep' as sleeps, count(*) = 0 as gone
    from pg_stat_activity where pid = $1`
  await until(
    async () => only(await look.query<Record<typeof doing, boolean>>(sql, [pid]))[doing],
    `process ${pid} is not what it is waited for: ${doing}`,
  )
}
