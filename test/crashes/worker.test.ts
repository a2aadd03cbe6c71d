// A worker outlives the server: it is killed and started again under load, and each event is completed once.
import test from 'ava'
import pg from 'pg'
import { TaskWorker } from 'kanthorq-tasks/worker'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import type { TestDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { makeConsumer } from '../support/scene.ts'
import { createTemplate } from '../support/template.ts'
import { until, untilConnected } from '../support/until.ts'
import { makeFast, publish, settled } from '../worker/scene.ts'

let server: KillableServer
const db = {} as TestDatabase

test.before(async () => {
  server = await startKillableServer()
  const { url } = await createTemplate(server.url)
  const owner = new pg.Pool({ connectionString: url })
  owner.on('error', () => undefined)
  Object.assign(db, { ownerUrl: url, url, owner, pool: owner, sessions: owner })
})

test.after.always(async () => {
  await db.owner.end()
  await server.stop()
})

test('where the server is killed under load, the worker goes on with the next one and completes everything', async (t) => {
  const consumer = await makeConsumer(db, 'send_email')
  await makeFast(db, consumer)
  // Of its own, and without a listener: the loss of a connection must not end the process.
  const pool = new pg.Pool({ connectionString: db.url })
  t.teardown(() => pool.end())
  const handled = new Set<string>()
  const worker = new TaskWorker(pool, consumer, ({ eventId }) => Promise.resolve(handled.add(eventId)), { prefetch: 20 })
  worker.on('error', () => undefined)
  await worker.start()
  let published = 0
  for (let n = 0; n < times(2); n++) {
    published += (await publish(db, consumer, 2000)).length
    const before = worker.metrics()
    await until(() => Promise.resolve(worker.metrics().completed > before.completed), 'it completes nothing')
    await server.kill()
    await until(() => Promise.resolve(worker.metrics().errors > before.errors), 'it does not notice')
    await server.start()
    await untilConnected(db.url)
    await settled(db, consumer, published)
  }
  await worker.stop()
  t.is(handled.size, published)
  t.like(worker.metrics(), { failed: 0, running: 0, waiting: 0, reporting: 0 })
})
