import type pg from 'pg'
import type { TestDatabase } from './database.ts'
import { only } from './scene.ts'
import { until } from './until.ts'

/** What a CALL came to. */
export interface Called {
  updated: number
  skipped: number
  bulkId: string | null
  /** The NOTICEs, in the order in which they came. */
  notices: string[]
}

/**
 * CALLs a procedure and collects its NOTICEs.
 *
 * @param call - name and arguments of the procedure, as they stand after CALL
 * @param onNotice - hears each NOTICE as it comes, and how many there were with it
 */
export async function callProcedure(
  session: pg.ClientBase,
  call: string,
  onNotice: (count: number) => void = () => undefined,
): Promise<Called> {
  const notices: string[] = []
  const listener = ({ message = '' }) => {
    notices.push(message)
    onNotice(notices.length)
  }
  session.on('notice', listener)
  try {
    const { updated, skipped, bulk_id } = only(
      await session.query<{ updated: string; skipped: string; bulk_id: string | null }>(
        `call ${call}`,
      ),
    )
    return { updated: Number(updated), skipped: Number(skipped), bulkId: bulk_id, notices }
  } finally {
    session.off('notice', listener)
  }
}

/** An operation of the log, and the state that each of its tasks came from, in the order of `event_ids`. */
export interface LoggedOperation {
  id: string
  action: string
  reason: string | null
  undoes: string | null
  event_ids: string[]
  from_states: string[]
  transaction_id: string
  bulk_id: string | null
}

/** The log of a consumer, the oldest operation first, as it stands in its table but for the names of the states. */
export async function loggedOperations(db: TestDatabase, consumer: string) {
  const { rows } = await db.owner.query<LoggedOperation>(
    `select id, action, reason, undoes, transaction_id::text, bulk_id,
       array(select event_id from unnest(changes) order by 1) as event_ids,
       array(select _kanthorq_task_state_name(from_state) from unnest(changes) order by event_id) as from_states
     from kanthorq_task_operation where consumer = $1 order by id`,
    [consumer],
  )
  return rows
}

/**
 * Waits until the server says that a process does this.
 *
 * @param doing - `sleeps` in pg_sleep, or is `gone`
 * @throws Error when that has not come to pass after a minute
 */
export async function untilProcess(
  look: pg.Pool,
  pid: number,
  doing: 'sleeps' | 'gone',
): Promise<void> {
  const sql =
    "select wait_event is not distinct from 'PgSleep' as sleeps from pg_stat_activity where pid = $1"
  await until(
    async () => {
      const { rows } = await look.query<{ sleeps: boolean }>(sql, [pid])
      return doing === 'gone' ? rows.length === 0 : rows[0]?.sleeps
    },
    `process ${pid} ${doing === 'gone' ? 'is still there' : 'does not sleep'}`,
  )
}
