import type pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import type { TestDatabase } from '../../support/database.ts'

/**
 * Where a task stands. Each transition of ours makes `updated_at` grow, each claim of a worker `attempt_count`; so hardly
 * any two moments in the life of a task look the same, but for those that an undo brings back.
 */
export interface Standing {
  state: TaskState
  updatedAt: number
  attemptCount: number
}

/** A task went from one standing to another. */
export interface Move {
  id: string
  by: 'claim' | 'complete' | 'fail' | 'cancel' | 'resume' | 'discard' | 'undo'
  before: Standing
  after: Standing
}

/** A move that the log tells of. */
export interface LoggedMove extends Move {
  operation: string
  reason: string
  undoes: string | null
}

/** A standing as text: two are the same if their texts are. */
export function place({ state, updatedAt, attemptCount }: Standing): string {
  return `${state} (updated at ${updatedAt}, ${attemptCount} attempts)`
}

/** How these tasks stand, or all of the consumer, in the eyes of the session. */
export async function standings(
  session: pg.Pool | pg.ClientBase,
  table: string,
  ids?: readonly string[],
): Promise<Map<string, Standing>> {
  const { rows } = await session.query<{
    event_id: string
    state: TaskState
    updated_at: number
    attempt_count: number
  }>(
    `select t.event_id, s.name as state, t.updated_at::float8, t.attempt_count
     from ${table} t join _kanthorq_task_states() s on s.code = t.state
     where $1::text[] is null or t.event_id = any ($1)`,
    [ids],
  )
  return new Map(
    rows.map(({ event_id, state, updated_at, attempt_count }) => [
      event_id,
      { state, updatedAt: updated_at, attemptCount: attempt_count },
    ]),
  )
}

/**
 * All moves that the log tells of.
 *
 * @param end - how the tasks stand now
 */
export async function loggedMoves(
  db: TestDatabase,
  consumer: string,
  end: ReadonlyMap<string, Standing>,
): Promise<LoggedMove[]> {
  const { rows } = await db.owner.query<LoggedRow>(logSql, [consumer])
  // Cancel and discard don't change attempt_count, and don't log it. So it is what the next move found, or what is there
  // now; or NaN, where a task has never been.
  const found = new Map<string, number>()
  const key = (id: string, state: string, updatedAt: number) => `${id} ${state} ${updatedAt}`
  for (const [id, { state, updatedAt, attemptCount }] of end)
    found.set(key(id, state, updatedAt), attemptCount)
  for (const { id, from_state, from_updated_at, from_attempt_count } of rows)
    if (from_attempt_count !== null)
      found.set(key(id, from_state, from_updated_at), from_attempt_count)

  return rows.map((row) => {
    const { id, by, operation, reason, undoes } = row
    const unchanged = found.get(key(id, row.to_state, row.to_updated_at)) ?? NaN
    return {
      id,
      by,
      operation,
      reason,
      undoes,
      before: {
        state: row.from_state,
        updatedAt: row.from_updated_at,
        attemptCount: row.from_attempt_count ?? unchanged,
      },
      after: {
        state: row.to_state,
        updatedAt: row.to_updated_at,
        attemptCount: row.to_attempt_count ?? unchanged,
      },
    }
  })
}

interface LoggedRow {
  id: string
  by: LoggedMove['by']
  operation: string
  reason: string
  undoes: string | null
  from_state: TaskState
  from_updated_at: number
  from_attempt_count: number | null
  to_state: TaskState
  to_updated_at: number
  to_attempt_count: number | null
}

const logSql = `
  select e.id, o.action as by, o.id as operation, o.reason, o.undoes,
    f.name as from_state, e.from_updated_at::float8, e.from_attempt_count,
    coalesce(
      t.name,
      case o.action when 'cancel' then 'cancelled' when 'resume' then 'running' when 'discard' then 'discarded' end
    ) as to_state,
    coalesce(e.to_updated_at, extract(epoch from o.at) * 1000)::float8 as to_updated_at,
    e.to_attempt_count
  from kanthorq_task_operation o
  cross join lateral unnest(
    o.event_ids, o.from_state, o.from_updated_at, o.from_attempt_count, o.to_state, o.to_updated_at, o.to_attempt_count
  ) e (id, from_state, from_updated_at, from_attempt_count, to_state, to_updated_at, to_attempt_count)
  join _kanthorq_task_states() f on f.code = e.from_state
  left join _kanthorq_task_states() t on t.code = e.to_state
  where o.consumer = $1`
