import { EventEmitter, once } from 'node:events'
import pg from 'pg'
import { processOf } from '../support/sessions.ts'
import { seededRandom, type Random } from '../support/random.ts'
import type { KillableDatabase } from './database.ts'
import { moveAll, plans, type Field } from './work.ts'

/** A session of its own that moves the tasks of a consumer, and then waits, until it is stopped. */
export interface Job {
  field: Field
  /** By which the log knows it: its application_name. */
  name: string
  pid: number
  /** How many tasks were moved by each of the transactions that it was told of. */
  told: number[]
  /** What put an end to it. */
  ended: Promise<Error>
}

/** Jobs that have been started together. */
export interface Crew {
  jobs: Job[]
  /**
   * Waits until they have been told enough.
   *
   * @throws what put an end to one of them before
   */
  untilTold: (enough: () => boolean) => Promise<void>
}

/**
 * Starts the jobs of all fields.
 *
 * @param pause - of the procedures, between two batches
 * @param seed - for what is chosen at random, each job by itself
 */
export async function startJobs(
  db: KillableDatabase,
  fields: readonly Field[],
  { pause, seed }: { pause: string; seed: number },
): Promise<Crew> {
  const heard = new EventEmitter()
  const starting = fields
    .flatMap((field) => Array<Field>(plans[field.kind].sessions ?? 1).fill(field))
    .map((field, n) =>
      startJob(db, field, {
        name: `${field.consumer} ${n}`,
        pause,
        random: seededRandom(seed + n),
        hear: () => heard.emit('told'),
      }),
    )
  const jobs = await Promise.all(starting)
  const failure = Promise.race(
    jobs.map(async ({ ended }): Promise<never> => {
      throw await ended
    }),
  )
  failure.catch(() => undefined)
  return {
    jobs,
    untilTold: async (enough) => {
      while (!enough()) await Promise.race([once(heard, 'told'), failure])
    },
  }
}

interface Start {
  name: string
  pause: string
  random: Random
  hear: () => void
}

async function startJob(
  db: KillableDatabase,
  field: Field,
  { name, pause, random, hear }: Start,
): Promise<Job> {
  const session = new pg.Client({ connectionString: db.url, application_name: name })
  session.on('error', () => undefined)
  await session.connect()
  const pid = await processOf(session)
  const told: number[] = []
  const tell = (moved: number) => {
    if (moved > 0) told.push(moved)
    hear()
  }
  const work = async (): Promise<never> => {
    const { step } = plans[field.kind]
    if (step !== undefined) for (let n = 0; ; n++) tell(await step(session, field, n, random))
    await moveAll(session, field, pause, tell)
    await session.query('select pg_sleep(3600)')
    throw new Error(`nothing has stopped ${name}`)
  }
  const ended = work().catch((error: unknown) => error as Error)
  void ended.then(() => session.end())
  return { field, name, pid, told, ended }
}

/** Does what is left to do of a job that was stopped after so many operations. Returns how many tasks that moved. */
export async function finish(
  db: KillableDatabase,
  field: Field,
  operations: number,
  random: Random,
): Promise<number> {
  const session = await db.pool.connect()
  const { step } = plans[field.kind]
  try {
    return await (step === undefined
      ? moveAll(session, field, '0', () => undefined)
      : step(session, field, operations, random))
  } finally {
    session.release()
  }
}
