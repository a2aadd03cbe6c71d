// A worker that a test kills: it takes tasks, says so, and never ends.
import pg from 'pg'
import { TaskWorker } from 'kanthorq-tasks/worker'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })
const worker = new TaskWorker(pool, process.argv[2] ?? '', () => new Promise(() => undefined))
worker.on('pulled', (tasks) => {
  process.send?.(tasks.length)
})
await worker.run()
