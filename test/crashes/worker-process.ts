// A worker in a process of its own. It says how many tasks it has completed and lost. One that a test kills is slow, so that it leaves
// some. With `jumping`, its clock jumps back and forth by up to a day.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { TaskWorker } from 'kanthorq-tasks/worker'

const [consumer = '', clock] = process.argv.slice(2)
if (clock === 'jumping') {
  const { Date: Real } = globalThis
  const now = () => Real.now() + (Math.random() - 0.5) * 172_800_000
  globalThis.Date = class extends Real {
    constructor(value?: number) {
      super(value ?? now())
    }
    static override now = now
  } as DateConstructor
}

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })
const worker = new TaskWorker(pool, consumer, () => sleep(clock === 'jumping' ? 5 : 50), { concurrency: 5, prefetch: 20 })
const say = () => {
  const { completed, lost } = worker.metrics()
  process.send?.({ completed, lost })
}
worker.on('completed', say)
worker.on('lost', say)
await worker.run()
