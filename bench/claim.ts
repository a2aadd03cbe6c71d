import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import { timed } from './measure.ts'
import type { Tasks } from './tasks.ts'

/** How many tasks a worker asks for at a time. */
export const claimSize = 10

/**
 * KanthorQ's puller: takes tasks that are due and have attempts left, counts the attempt and pushes the next one out. The
 * retry puller takes retryable tasks, the visibility puller running ones. Returns their ids.
 */
export async function claim(
  session: Pick<pg.ClientBase, 'query'>,
  { table, codes }: Tasks,
  state: TaskState,
  size: number,
): Promise<string[]> {
  const { rows } = await session.query<{ event_id: string }>({
    name: 'claim',
    text: `
      with ready as (
        select event_id from ${table} where state = $1 and attempt_count <= 16 and schedule_at < $2
        order by state, schedule_at limit $3 for update skip locked
      )
      update ${table} t
      set state = ${codes.running}, attempt_count = t.attempt_count + 1, attempted_at = $2,
        schedule_at = $2 + 300000 + power(t.attempt_count + 1, 4) * 1000 * (0.9 + random() * 0.2)
      from ready where ready.event_id = t.event_id
      returning t.*`,
    values: [codes[state], Date.now(), size],
  })
  return rows.map((row) => row.event_id)
}

/** Workers that claim as fast as they can, and finish nothing, until they are told to stop. */
export class Workers {
  /** When each claim ended, how long it took, and how many tasks it got. */
  readonly #claims: { at: number; ms: number; tasks: number }[] = []
  readonly #loops: Promise<void>[]
  #stopped = false
  /** Whether there was a moment with nothing to claim. */
  ranDry = false

  /** @param sessions - one for each worker */
  constructor(sessions: readonly pg.ClientBase[], tasks: Tasks) {
    this.#loops = sessions.map((session) => this.#work(session, tasks))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  /** Tasks in a second between two times of `performance.now()`, and the milliseconds of the slowest claim. */
  between(from: number, to: number) {
    const claims = this.#claims.filter(({ at }) => at > from && at <= to)
    return {
      perSecond: (claims.reduce((sum, { tasks }) => sum + tasks, 0) / (to - from)) * 1000,
      longest: Math.max(0, ...claims.map(({ ms }) => ms)),
    }
  }

  async #work(session: pg.ClientBase, tasks: Tasks): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const state = turn % 2 === 0 ? 'retryable' : 'running'
      const { ms, result } = await timed(() => claim(session, tasks, state, claimSize))
      this.#claims.push({ at: performance.now(), ms, tasks: result.length })
      if (result.length === 0) {
        this.ranDry = true
        await setTimeout(10)
      }
    }
  }
}
