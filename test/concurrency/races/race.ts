import type { TaskState } from 'kanthorq-tasks'
import type { TestDatabase } from '../../support/database.ts'
import { makeConsumer, makeTasks, taskTable } from '../../support/scene.ts'
import type { Books, Call } from './books.ts'
import { runBulkOperator } from './bulk-operator.ts'
import { loggedMoves, standings, type Move, type Standing } from './moves.ts'
import { runOperator } from './operator.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { runWorker } from './worker.ts'

export type IsolationLevel = 'repeatable read' | 'serializable'

/** What all who take part in a race share: the tasks, and where they note what they did. */
export interface Race {
  readonly db: TestDatabase
  readonly consumer: string
  readonly table: string
  readonly attemptMax: number
  /** Of the operators' transactions; without it, PostgreSQL's default, which KanthorQ's workers always have. */
  readonly isolation: IsolationLevel | undefined
  /** The tasks that are fought over. */
  readonly ids: readonly string[]
  readonly goesOn: () => boolean
  /** Has a new task take the place of a completed one, which nobody can move again. */
  readonly replace: (completed: string, random: Random) => Promise<void>

  readonly worked: Move[]
  readonly calls: Call[]
  /** How many sessions waited for a lock, each time that somebody looked. */
  readonly waiting: number[]
  /** How often a task was a no-op for a call that could have moved it when its caller had looked. */
  late: number
  /** How often a call could not be serialized. */
  retries: number
}

/** What a race came to. */
export interface Outcome extends Pick<Race, 'waiting' | 'late' | 'retries'> {
  books: Books
  /** What ended it before its time: there should be none. */
  failures: string[]
}

const tasks = 200
const attemptMax = 3
const firstStates: readonly TaskState[] = [
  'pending',
  'available',
  'running',
  'retryable',
  'discarded',
]

/**
 * Has four workers, four operators, and two operators in bulk at the same tasks for so many seconds.
 *
 * The seed determines what each of them chooses of what it finds, but not who comes first: that is the race.
 */
export async function runRace(
  db: TestDatabase,
  name: string,
  { seconds, seed, isolation }: { seconds: number; seed: number; isolation?: IsolationLevel },
): Promise<Outcome> {
  const consumer = await makeConsumer(db, name, attemptMax)
  // Minus a day: whatever a worker has taken, the next may take at once. So some get stuck within milliseconds.
  await db.owner.query(
    'update kanthorq_consumer_registry set visibility_timeout = $1 where name = $2',
    [-86_400_000, consumer],
  )
  const start = new Map<string, Standing>()
  const make = async (states: TaskState[]) => {
    const ids = await makeTasks(db, consumer, states)
    for (const [n, id] of ids.entries())
      start.set(id, { state: states[n] ?? 'pending', updatedAt: 1000, attemptCount: 0 })
    return ids
  }
  const ids = await make(
    Array.from({ length: tasks }, (_, n) => firstStates[n % firstStates.length] ?? 'pending'),
  )
  const failures: string[] = []
  const finish = Date.now() + seconds * 1000
  const race: Race = {
    db,
    consumer,
    table: await taskTable(db, consumer),
    attemptMax,
    isolation,
    ids,
    goesOn: () => Date.now() < finish && failures.length === 0,
    async replace(completed, random) {
      ids.splice(ids.indexOf(completed), 1, ...(await make([random.pick(firstStates)])))
    },
    worked: [],
    calls: [],
    waiting: [],
    late: 0,
    retries: 0,
  }

  // It sets its isolation as the session's default, which PgBouncer would pass on to others.
  const bulkPool = isolation === undefined ? db.pool : db.sessions
  const parts = [
    ...Array.from({ length: 4 }, () => ({ run: runWorker, pool: db.owner })),
    ...Array.from({ length: 4 }, () => ({ run: runOperator, pool: db.pool })),
    ...Array.from({ length: 2 }, () => ({ run: runBulkOperator, pool: bulkPool })),
  ]
  await Promise.all(
    parts.map(async ({ run, pool }, n) => {
      const session = await pool.connect()
      try {
        await run(race, session, seededRandom(seed + n), `${n}`)
      } catch (error) {
        failures.push(`${run.name} ${n}: ${String(error)}`)
      } finally {
        session.release(true)
      }
    }),
  )
  const { worked, calls, waiting, late, retries } = race
  const end = await standings(db.owner, race.table)
  const logged = await loggedMoves(db, consumer, end)
  const books = { attemptMax, start, end, worked, logged, calls }
  return { books, failures, waiting, late, retries }
}
