import pg from 'pg'
import { pickNumbers } from '../tasks.ts'
import type { Contender } from './contender.ts'
import { switchAutovacuumOff } from './pg-boss.ts'

/** graphile-worker's `permanentlyFailJobs` and `rescheduleJobs`, on its own table with as many jobs. */
export async function graphileWorker(url: string, pool: pg.Pool, jobs: number): Promise<Contender> {
  const { makeWorkerUtils } = await import('graphile-worker')
  const pgPool = new pg.Pool({ connectionString: url, max: 1 })
  const utils = await makeWorkerUtils({ pgPool })
  await utils.migrate()
  await pool.query(`insert into graphile_worker._private_tasks (identifier) values ('bench')`)
  await pool.query(
    `insert into graphile_worker._private_jobs (task_id, payload)
     select t.id, '{"customer": "c42"}' from graphile_worker._private_tasks t, generate_series(1, $1::integer)`,
    [jobs],
  )
  await switchAutovacuumOff(pool, 'graphile_worker')
  await pool.query('vacuum (analyze) graphile_worker._private_jobs')
  return {
    name: 'graphile-worker',
    store: {
      pick: (count) => Promise.resolve(pickNumbers(count, jobs).map((n) => String(n + 1))),
      async putBack(ids) {
        await pool.query('update graphile_worker._private_jobs set last_error = null where id = any ($1)', [ids])
        await pool.query('vacuum graphile_worker._private_jobs')
      },
    },
    async call(action, ids) {
      const moved =
        action === 'cancel'
          ? await utils.permanentlyFailJobs([...ids], 'bench')
          : await utils.rescheduleJobs([...ids], { runAt: new Date(), attempts: 0 })
      return moved.length
    },
    async close() {
      await utils.release()
      await pgPool.end()
    },
  }
}
