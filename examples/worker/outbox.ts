// Orders and their e-mails, with nothing lost and nothing sent for an order that was rolled back.
//
// The event is published in the transaction that takes the order: it is the outbox. The worker stores what it has done in the transaction
// that completes the task, so that a task that runs twice leaves one trace.
//
// DATABASE_URL names a database with kanthorq-tasks. The example creates the tables `outbox_order` and `outbox_mail` there.
import pg from 'pg'
import { TaskWorker } from 'kanthorq-tasks/worker'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })

await pool.query(`
  create table if not exists outbox_order (id integer generated always as identity primary key, customer text not null);
  create table if not exists outbox_mail (event_id text primary key, customer text not null)`)
await pool.query("select kanthorq_consumer_register('outbox', 'confirm_order', '{order.*}')")

/** Takes an order, and publishes its event. */
async function takeOrder(customer: string, isRefused = false): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('insert into outbox_order (customer) values ($1)', [customer])
    await client.query("select kanthorq_stream_publish('outbox', 'order.taken', convert_to($1, 'UTF8'))", [customer])
    if (isRefused) throw new Error(`the card of ${customer} was refused`)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    console.log((error as Error).message)
  } finally {
    client.release()
  }
}

await takeOrder('Ada')
await takeOrder('Eve', true)
await takeOrder('Grace')

const worker = new TaskWorker(
  pool,
  'confirm_order',
  async (task, { client, signal }) => {
    signal.throwIfAborted()
    await client.query('insert into outbox_mail values ($1, $2)', [task.eventId, task.body.toString()])
  },
  { transactional: true, concurrency: 4, timeout: 30_000 },
)
worker.on('error', (error) => {
  console.error(error)
})
// A service has worker.run({ signal }) here.
const { completed } = await worker.drain()

const { rows } = await pool.query<{ customer: string }>('select customer from outbox_mail order by customer')
console.log(`${completed} tasks completed, mails to ${rows.map(({ customer }) => customer).join(' and ')}`)
await pool.end()
