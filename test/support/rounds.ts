import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { TaskState, TransitionResult } from 'kanthorq-tasks'
import { processOf, untilBlocked } from './sessions.ts'

/** How a session makes its calls. */
export type Transition = (
  session: pg.PoolClient,
  transition: 'cancel' | 'resume',
  ids: string[],
) => Promise<TransitionResult>

/** Where rounds are run. */
export interface Track {
  owner: pg.Pool
  table: string
  /** The tasks that are fought over, in order. */
  ids: readonly string[]
  sessions: readonly pg.PoolClient[]
}

/** One session's part in a round. */
export interface Entry {
  transition: 'cancel' | 'resume'
  ids: string[]
  outcome: PromiseSettledResult<TransitionResult>
}

/** What a round came to: the state of each task before and after, and what each session asked for and was told. */
export interface Round {
  before: Map<string, TaskState>
  after: Map<string, TaskState>
  entries: Entry[]
}

// A kind of round: what the tasks are at the start, every other one of each, and what the sessions do by turns.
const kinds = [
  { states: ['available', 'retryable'], transitions: ['cancel'] },
  { states: ['cancelled', 'discarded'], transitions: ['resume'] },
  { states: ['available', 'discarded'], transitions: ['cancel', 'resume'] },
] as const

/**
 * Has each session call for three quarters of the tasks, all at the same time: the first gives them in order, the second
 * in reverse, the others shuffled. `number` makes the round another than those before it, and the same in every run.
 *
 * One more session holds two tasks in the middle until all the others wait, so that they are sure to meet.
 */
export async function runRound(track: Track, call: Transition, number: number): Promise<Round> {
  const { owner, table, ids, sessions } = track
  const middle = ids.slice(ids.length / 2, ids.length / 2 + 2)
  const { states, transitions } = kinds[number % kinds.length] ?? kinds[0]
  await owner.query(
    `update ${table} t set state = s.code
     from unnest($1::text[]) with ordinality i (id, n)
     join _kanthorq_task_states() s on s.name = ($2::text[])[1 + i.n % 2]
     where t.event_id = i.id`,
    [ids, states],
  )
  const before = await statesIn(track)
  const pids = await Promise.all(sessions.map(processOf))
  const holder = await owner.connect()
  try {
    await holder.query('begin')
    await holder.query(`select from ${table} where event_id = any ($1) for update`, [middle])
    const entries = sessions.map(async (session, n): Promise<Entry> => {
      const transition = transitions[n % transitions.length] ?? 'cancel'
      const some = shuffle(ids, `${number}, ${n}`).slice(0, ids.length * 0.75)
      const chosen = [...new Set([...some, ...middle])]
      if (n < 2) chosen.sort()
      if (n === 1) chosen.reverse()
      const [outcome] = await Promise.allSettled([call(session, transition, chosen)])
      return { transition, ids: chosen, outcome }
    })
    await untilBlocked(owner, pids)
    await holder.query('rollback')
    return { before, entries: await Promise.all(entries), after: await statesIn(track) }
  } finally {
    holder.release(true)
  }
}

async function statesIn({ owner, table, ids }: Track) {
  const { rows } = await owner.query<{ event_id: string; name: TaskState }>(
    `select t.event_id, s.name from ${table} t join _kanthorq_task_states() s on s.code = t.state
     where t.event_id = any ($1)`,
    [ids],
  )
  return new Map(rows.map((row) => [row.event_id, row.name]))
}

/** The ids in an order that the seed determines. */
function shuffle(ids: readonly string[], seed: string): string[] {
  const keys = new Map(
    ids.map((id) => [
      id,
      createHash('md5')
        .update(seed + id)
        .digest('hex'),
    ]),
  )
  return ids.toSorted((a, b) => ((keys.get(a) ?? '') < (keys.get(b) ?? '') ? -1 : 1))
}
