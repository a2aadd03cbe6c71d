import type pg from 'pg'
import { claim } from '../../support/worker.ts'
import { standings, type Move, type Standing } from './moves.ts'
import type { Race } from './race.ts'
import type { Random } from '../../support/random.ts'

/**
 * Does what KanthorQ's workers do: takes tasks by one of the two pullers, and acknowledges some of them, one by one. The
 * others it leaves running, like a worker that died, until somebody takes them up again.
 */
export async function runWorker(race: Race, session: pg.PoolClient, random: Random): Promise<void> {
  while (race.goesOn()) {
    const from = random.pick(['retryable', 'running'] as const)
    const claimed = await move(race, session, random, 'claim', {
      statement: () => claim(race.db, race.consumer, from, session),
      before: (after) => ({ ...after, state: from, attemptCount: after.attemptCount - 1 }),
    })
    for (const id of random.some(claimed, 10)) {
      const by = random.oneOf(6) ? 'complete' : 'fail'
      const acknowledged = await move(race, session, random, by, {
        statement: () => acknowledge(race, session, id, by),
        before: (after) => ({ ...after, state: 'running' }),
      })
      if (by === 'complete') for (const id of acknowledged) await race.replace(id, random)
    }
  }
}

/**
 * Moves tasks in a transaction, and notes it; now and then it dies before it commits. Returns the ids of the tasks.
 *
 * A worker's statement does not say what was before. That follows from what it asked for, and from what is after.
 */
async function move(
  { table, worked }: Race,
  session: pg.PoolClient,
  random: Random,
  by: Move['by'],
  {
    statement,
    before,
  }: { statement: () => Promise<string[]>; before: (after: Standing) => Standing },
): Promise<string[]> {
  await session.query('begin')
  const ids = await statement()
  const stand = await standings(session, table, ids)
  if (random.oneOf(10)) {
    await session.query('rollback')
    return []
  }
  await session.query('commit')
  for (const [id, after] of stand) worked.push({ id, by, before: before(after), after })
  return ids
}

/** What KanthorQ says to the database when a worker is done with a task. Returns its id, unless it is not running. */
async function acknowledge(
  { table, attemptMax }: Race,
  session: pg.PoolClient,
  id: string,
  by: 'complete' | 'fail',
): Promise<string[]> {
  const now = Date.now()
  const [assignments, values] =
    by === 'complete'
      ? ["state = _kanthorq_task_state('completed'), finalized_at = $2", []]
      : [
          `state = case when attempt_count >= $3 then _kanthorq_task_state('discarded') else _kanthorq_task_state('retryable') end,
           finalized_at = case when attempt_count >= $3 then $2 else finalized_at end,
           attempted_error = array_append(attempted_error, $4)`,
          [attemptMax, { at: now, error: 'connection refused', stack: '' }],
        ]
  const { rows } = await session.query<{ event_id: string }>(
    `update ${table} set ${assignments}
     where event_id in ($1) and state = _kanthorq_task_state('running')
     returning event_id`,
    [id, now, ...values],
  )
  return rows.map((row) => row.event_id)
}
