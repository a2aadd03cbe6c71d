import pg from 'pg'
import type { Queue } from './queue.ts'

/** graphile-worker's `run`, which it wakes by LISTEN. @param localQueue - how many jobs it fetches at a time; undefined is one */
export async function graphileWorker(url: string, localQueue?: number): Promise<Queue> {
  const { Logger, makeWorkerUtils, run } = await import('graphile-worker')
  const pgPool = new pg.Pool({ connectionString: url, max: 30 })
  const utils = await makeWorkerUtils({ pgPool })
  await utils.migrate()
  await pgPool.query(`insert into graphile_worker._private_tasks (identifier) values ('bench')`)
  return {
    async fill(tasks) {
      await pgPool.query(
        `insert into graphile_worker._private_jobs (task_id, payload)
         select t.id, '{"published": 0}' from graphile_worker._private_tasks t, generate_series(1, $1::integer)`,
        [tasks],
      )
      await pgPool.query('vacuum (analyze)')
    },
    async publish(tasks) {
      await pgPool.query(
        `select count(*) from graphile_worker.add_jobs(array_fill(
           row('bench', json_build_object('published', $2::bigint), null, null, null, null, null, null)::graphile_worker.job_spec, array[$1::int]
         ))`,
        [tasks, Date.now()],
      )
    },
    // It deletes them.
    finish: undefined,
    async work(concurrency, handle) {
      const worker = localQueue === undefined ? {} : { localQueue: { size: localQueue } }
      const runner = await run({
        pgPool,
        noHandleSignals: true,
        taskList: { bench: ({ published }) => handle(published) },
        preset: { worker: { concurrentJobs: concurrency, logger: new Logger(() => () => undefined), ...worker } },
      })
      return () => runner.stop()
    },
    async close() {
      await utils.release()
      await pgPool.end()
    },
  }
}
