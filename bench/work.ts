// Work: tasks published, handled and completed, by our worker and by others.
import { setTimeout } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { spread } from './measure.ts'
import { graphileWorker } from './queues/graphile-worker.ts'
import { kanthorq } from './queues/kanthorq.ts'
import { kanthorqTasks } from './queues/kanthorq-tasks.ts'
import { pgBoss } from './queues/pg-boss.ts'
import type { Queue } from './queues/queue.ts'

const queues: readonly { name: string; open: (url: string) => Promise<Queue> }[] = [
  { name: 'kanthorq-tasks', open: kanthorqTasks },
  { name: "KanthorQ's statements", open: kanthorq },
  { name: 'pg-boss', open: pgBoss },
  { name: 'graphile-worker', open: (url) => graphileWorker(url) },
  { name: 'graphile-worker, local queue', open: (url) => graphileWorker(url, 500) },
]

/** How many tasks wait, and how many are finished. */
const tables = [
  { table: '10 thousand', waiting: 10_000, finished: 0 },
  { table: '1 million', waiting: 1_000_000, finished: 0 },
  { table: '1 million finished', waiting: 200_000, finished: 1_000_000 },
  { table: '10 million finished', waiting: 200_000, finished: 10_000_000 },
]

/** How many handlers run at a time, and how many milliseconds each takes. */
const loads = [0, 10].flatMap((handler) => [1, 4, 20].map((concurrency) => ({ handler, concurrency })))

/** How many tasks are published at a time. */
const published = 100

/** Measures each load for so long, in seconds, in three parts. */
export async function work(bench: Bench, seconds: number) {
  const cells = queues.length * tables.length * loads.length
  const each = Math.max((seconds / cells) * 1000, 100)
  const rows = []
  const calls = []
  for (const { table, waiting, finished } of tables) {
    for (const { name, open } of queues) {
      console.error(`work: ${name}, ${table}`)
      const { pool, url, drop } = await bench.database()
      const queue = await open(url)
      if (finished > 0) await queue.finish?.(bench.scaled(finished))
      const count = bench.scaled(waiting)
      let left = 0
      for (const load of loads) {
        const rates: number[] = []
        for (let round = 0; round < 3; round++) {
          if (left < count / 2) {
            await queue.fill(count - left)
            left = count
          }
          const { handled, perSecond } = await rate(queue, left, load, each / 3)
          rates.push(perSecond)
          left -= handled
        }
        rows.push({ table, queue: name, ...load, perSecond: spread(rates).median })
      }
      if (table === tables[0]?.table) {
        await drain(queue)
        calls.push({ queue: name, ...(await publishing(queue, each)), ...(await latency(queue, pool, each)) })
      }
      await queue.close()
      await drop()
    }
  }
  return {
    conditions: bench.conditions,
    tables: tables.map((each) => ({ ...each, waiting: bench.scaled(each.waiting), finished: bench.scaled(each.finished) })),
    rows,
    calls,
  }
}

/** Tasks completed in a second, from the first on, until the time is over or `waiting` are. */
async function rate(
  queue: Queue,
  waiting: number,
  { handler, concurrency }: (typeof loads)[number],
  milliseconds: number,
): Promise<{ handled: number; perSecond: number }> {
  let handled = 0
  let first = Infinity
  const stop = await queue.work(concurrency, async () => {
    if (handler > 0) await setTimeout(handler)
    handled += 1
    if (handled === 1) first = performance.now()
  })
  while (handled < waiting && performance.now() - first < milliseconds) await setTimeout(10)
  // What is handled is completed after that.
  await stop()
  return { handled, perSecond: ((handled - 1) / (performance.now() - first)) * 1000 }
}

/** Handles what is left. */
async function drain(queue: Queue): Promise<void> {
  let last = performance.now()
  const stop = await queue.work(20, () => {
    last = performance.now()
    return Promise.resolve()
  })
  while (performance.now() - last < 600) await setTimeout(50)
  await stop()
}

/** Tasks published in a second, a batch at a time. */
async function publishing(queue: Queue, milliseconds: number) {
  const start = performance.now()
  let batches = 0
  for (; performance.now() - start < milliseconds; batches++) await queue.publish(published)
  const perSecond = (batches * published * 1000) / (performance.now() - start)
  await drain(queue)
  return { published: perSecond }
}

/** From publishing one task to its handler, for a worker with nothing else to do; and the transactions that such a worker makes. */
async function latency(queue: Queue, pool: Awaited<ReturnType<Bench['database']>>['pool'], milliseconds: number) {
  const times: number[] = []
  let arrived: () => void = () => undefined
  const stop = await queue.work(4, (at) => {
    times.push(Date.now() - at)
    arrived()
    return Promise.resolve()
  })
  const start = performance.now()
  do {
    await setTimeout(Math.random() * 1000)
    const arrival = new Promise<void>((resolve) => (arrived = resolve))
    await queue.publish(1)
    await arrival
  } while (performance.now() - start < 4 * milliseconds)
  const transactions = async () => {
    const { rows } = await pool.query<{ transactions: string }>(
      'select xact_commit + xact_rollback as transactions from pg_stat_database where datname = current_database()',
    )
    return Number(rows[0]?.transactions)
  }
  await setTimeout(10 * milliseconds)
  const before = await transactions()
  await setTimeout(4 * milliseconds)
  const idle = ((await transactions()) - before) / ((4 * milliseconds) / 1000)
  await stop()
  return { latency: spread(times), idle }
}
