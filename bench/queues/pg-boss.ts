import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { Places } from './places.ts'
import type { Queue } from './queue.ts'

const queue = 'bench'
const size = 100

/** The shortest pause of its worker when there is nothing, in milliseconds. */
const wait = 500

/**
 * pg-boss by its `fetch` and `complete`, in batches without a pause. Its own worker, `work`, fetches one batch in half a second at most, and
 * would be far slower.
 */
export async function pgBoss(url: string): Promise<Queue> {
  const { default: PgBoss } = await import('pg-boss')
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  const pool = new pg.Pool({ connectionString: url })
  await boss.start()
  await boss.createQueue(queue)
  const insert = (tasks: number, state: string) =>
    pool.query(
      `insert into pgboss.job (name, data, state, completed_on)
       select $1, '{"published": 0}', $3::pgboss.job_state, case when $3 = 'completed' then now() end from generate_series(1, $2::integer)`,
      [queue, tasks, state],
    )
  return {
    async fill(tasks) {
      await insert(tasks, 'created')
      await pool.query('vacuum (analyze)')
    },
    async publish(tasks) {
      const job = { name: queue, data: { published: Date.now() } }
      await boss.insert(Array<typeof job>(tasks).fill(job))
    },
    async finish(tasks) {
      await insert(tasks, 'completed')
    },
    work(concurrency, handle) {
      const places = new Places(concurrency)
      const end = new AbortController()
      const loop = (async () => {
        while (!end.signal.aborted) {
          const jobs = await boss.fetch(queue, { batchSize: size })
          await Promise.all(jobs.map(({ data }) => places.run(() => handle(data.published))))
          if (jobs.length === 0) await setTimeout(wait)
          else
            await boss.complete(
              queue,
              jobs.map(({ id }) => id),
            )
        }
      })()
      return Promise.resolve(async () => {
        end.abort()
        await loop
      })
    },
    async close() {
      await boss.stop({ graceful: false })
      await pool.end()
    },
  }
}
