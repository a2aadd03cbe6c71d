import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import { untilProcess } from '../support/bulk.ts'
import { taskTable } from '../support/scene.ts'
import { untilBlocked } from '../support/sessions.ts'
import type { Random } from '../support/random.ts'
import type { KillableDatabase } from './database.ts'
import type { Crew } from './jobs.ts'
import { allKinds, isBulk, type Kind } from './work.ts'

/** A point that jobs can be brought to, to be stopped there. */
export interface Moment {
  kinds: readonly Kind[]
  /** Between the batches of a procedure; long enough for none to be done too early. */
  pause: string
  /** Whether all jobs wait there, so that what they have been told is all that they have done. */
  still: boolean
  /** Waits until all jobs are there. What is returned has to be called when they have been stopped. */
  come: (db: KillableDatabase, crew: Crew, random: Random) => Promise<() => Promise<void>>
}

const commitLock = 7

/** Has each transaction that writes a row of the log take a lock when it commits, for {@link moments} to hold. */
export const waitInCommit = `
  create function test.wait_in_commit() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${commitLock});
      return null;
    end
  $$;
  create constraint trigger wait_in_commit after insert on kanthorq_task_operation
    deferrable initially deferred for each row execute function test.wait_in_commit()`

export const moments: Record<string, Moment> = {
  'while what was moved waits to be logged': {
    kinds: allKinds,
    pause: '200 milliseconds',
    still: true,
    come: (db, crew) => hold(db, crew, ['lock table kanthorq_task_operation in share mode']),
  },
  'while all is done but for the commit': {
    kinds: allKinds,
    pause: '200 milliseconds',
    still: true,
    come: (db, crew) => hold(db, crew, [`select pg_advisory_xact_lock(${commitLock})`]),
  },
  'while each call waits for one of its tasks': {
    kinds: ['by_id', 'undo'],
    pause: '0',
    still: true,
    come: async (db, crew) =>
      hold(
        db,
        crew,
        await Promise.all(
          crew.jobs.map(async ({ field: { consumer, ids } }) => {
            const table = await taskTable(db, consumer)
            return `select from ${table} where event_id = '${ids[ids.length / 2] ?? ''}' for update`
          }),
        ),
      ),
  },
  'between two batches': {
    kinds: allKinds.filter(isBulk),
    pause: '1 hour',
    still: true,
    come: async (db, { jobs, untilTold }) => {
      await untilTold(() => jobs.every(({ told }) => told.length > 0))
      for (const { pid } of jobs) await untilProcess(db.owner, pid, 'sleeps')
      return () => Promise.resolve()
    },
  },
}

/** Any moment: after so many operations, and then within so many milliseconds, which is about what a call takes. */
export const anyMoment: Moment = {
  kinds: allKinds,
  pause: '0',
  still: false,
  come: async (_db, { jobs, untilTold }, random) => {
    const operations = random.pick(Array.from({ length: 80 }, (_, n) => n))
    await untilTold(() => jobs.flatMap(({ told }) => told).length >= operations)
    await setTimeout(random.pick(Array.from({ length: 40 }, (_, n) => n)))
    return () => Promise.resolve()
  },
}

/** When each job has been told something, takes locks that they all need, and waits until they all wait for them. */
async function hold(
  db: KillableDatabase,
  { jobs, untilTold }: Crew,
  locks: readonly string[],
): Promise<() => Promise<void>> {
  await untilTold(() => jobs.every(({ told }) => told.length > 0))
  const holder: pg.PoolClient = await db.owner.connect()
  holder.on('error', () => undefined)
  await holder.query('begin')
  for (const lock of locks) await holder.query(lock)
  const pids = jobs.map(({ pid }) => pid)
  await untilBlocked(db.owner, pids)
  return async () => {
    // It may be gone with the server.
    await holder.query('rollback').catch(() => undefined)
    holder.release(true)
  }
}
