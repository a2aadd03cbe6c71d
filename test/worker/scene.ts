import type pg from 'pg'
import type { WorkerPool } from 'kanthorq-tasks/worker'
import type { TestDatabase } from '../support/database.ts'
import { only, taskTable } from '../support/scene.ts'
import { until } from '../support/until.ts'

/** Publishes events for a consumer of `makeConsumer`. Returns their ids. */
export async function publish(db: TestDatabase, consumer: string, count: number, subject = 'order.created'): Promise<string[]> {
  return only(
    await db.owner.query<{ ids: string[] }>(
      `select kanthorq_stream_publish_many($1, array_fill($3::text, array[$2::int]),
         array_fill('\\x00ff5c01'::bytea, array[$2::int]),
         array(select jsonb_build_object('n', n) from generate_series(1, $2::int) n)) as ids`,
      [`${consumer}_stream`, count, subject],
    ),
  ).ids
}

/** Makes the leases of a consumer short, in milliseconds: KanthorQ wants more than 1000. */
export async function makeFast(db: TestDatabase, consumer: string, lease = 1100): Promise<void> {
  await db.owner.query('update kanthorq_consumer_registry set visibility_timeout = $2 where name = $1', [consumer, lease])
}

/** Waits until so many tasks of a consumer are completed, and no other task is left. */
export async function settled(db: TestDatabase, consumer: string, count: number): Promise<void> {
  const sql = `select count(*) filter (where state = 101)::int as done, count(*)::int as all from ${await taskTable(db, consumer)}`
  await until(async () => {
    const { done, all } = only(await db.owner.query<{ done: number; all: number }>(sql))
    return done === count && all === count
  }, `${count} tasks are not completed`)
}

type Answer = Awaited<ReturnType<WorkerPool['query']>>

/** A pool whose connections run a statement as `run` wants. */
export function altered(pool: pg.Pool, run: (text: string, query: () => Promise<Answer>) => Promise<Answer>): WorkerPool {
  return {
    query: (text: string, values?: unknown[]) => pool.query(text, values) as never,
    on: pool.on.bind(pool),
    off: pool.off.bind(pool) as WorkerPool['off'],
    async connect() {
      const client = await pool.connect()
      return {
        query: (text: string, values?: unknown[]) => run(text, () => client.query(text, values)) as never,
        release: (destroy?: boolean) => {
          client.release(destroy)
        },
        on: (event: 'error', listener: (error: Error) => void) => client.on(event, listener),
        off: (event: 'error', listener: (error: Error) => void) => client.off(event, listener),
      }
    },
  }
}

/** A pool of which some statements fail, as when the connection is lost. */
export function broken(pool: pg.Pool, isBroken: (text: string) => boolean): WorkerPool {
  return altered(pool, (text, query) => (isBroken(text) ? Promise.reject(new Error('ECONNRESET')) : query()))
}
