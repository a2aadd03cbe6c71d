import pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { TaskWorker } from 'kanthorq-tasks/worker'
import type { Queue } from './queue.ts'

/** Our worker and our client. */
export function kanthorqTasks(url: string): Promise<Queue> {
  return onKanthorq(url, async (pool, concurrency, handle) => {
    const worker = new TaskWorker(pool, 'bench', ({ body }) => handle(Number(body.toString())), { concurrency })
    await worker.start()
    return () => worker.stop()
  })
}

/** A stream and a consumer of KanthorQ, whose tasks some worker handles. */
export async function onKanthorq(
  url: string,
  work: (pool: pg.Pool, ...args: Parameters<Queue['work']>) => ReturnType<Queue['work']>,
): Promise<Queue> {
  const pool = new pg.Pool({ connectionString: url })
  await pool.query(`select kanthorq_consumer_register('bench', 'bench', '{>}')`)
  return {
    async fill(tasks) {
      for (let left = tasks; left > 0; left -= 50_000)
        await pool.query(
          `select kanthorq_stream_publish_many('bench', array_fill('order.created'::text, array[$1::int]), array_fill('0'::bytea, array[$1]))`,
          [Math.min(left, 50_000)],
        )
      await pool.query('vacuum (analyze)')
    },
    async publish(tasks) {
      const event = { subject: 'order.created', body: String(Date.now()) }
      await new TaskClient(pool).publish('bench', Array<typeof event>(tasks).fill(event))
    },
    async finish(tasks) {
      const { rows } = await pool.query<{ events: string; tasks: string }>(
        `select 'kanthorq_' || stream_id as events, 'kanthorq_' || id as tasks from kanthorq_consumer_registry`,
      )
      const [names] = rows
      const old = `select 'event_00' || lpad(n::text, 24, '0') as id from generate_series(1, ${tasks}) n`
      await pool.query(`
        insert into ${names?.events ?? ''} (id, subject, body, metadata, created_at)
          select id, 'order.created', '0', '{}', 1 from (${old}) old;
        insert into ${names?.tasks ?? ''} (event_id, subject, state, schedule_at, finalized_at, created_at)
          select id, 'order.created', 101, 1, 1, 1 from (${old}) old`)
    },
    work: (concurrency, handle) => work(pool, concurrency, handle),
    close: () => pool.end(),
  }
}
