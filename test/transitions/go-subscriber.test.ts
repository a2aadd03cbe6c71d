// What the Go program says to the database, in its own shapes, against tables that our functions made.
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import type pg from 'pg'
import { useServer } from '../support/empty-database.ts'

const { emptyDatabase } = useServer(test)
const now = 'extract(epoch from current_timestamp) * 1000'

/** A database in which the functions registered `send_email` on `orders`, two attempts a task. */
async function register(t: ExecutionContext) {
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  const { rows } = await client.query<{ id: string; stream_id: string; cursor: string }>(
    "select * from kanthorq_consumer_register('orders', 'send_email', '{order.>}', attempt_max => 2)",
  )
  const [consumer] = rows
  if (consumer === undefined) throw new Error('no consumer')
  return { client, consumer, tasks: `kanthorq_${consumer.id}` }
}

async function publish(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    "select kanthorq_stream_publish('orders', 'order.created', 'body') as id",
  )
  return rows[0]?.id ?? ''
}

test('a Go subscriber registers a stream and a consumer that are there, and gets the same', async (t) => {
  const { client, consumer } = await register(t)
  const stream = await client.query(
    `insert into kanthorq_stream_registry (id, name) values ('stream_new', 'orders')
     on conflict (name) do update set updated_at = ${now} returning id`,
  )
  t.deepEqual(stream.rows, [{ id: consumer.stream_id }])

  const again = await client.query(
    `insert into kanthorq_consumer_registry
       (stream_id, stream_name, id, name, subject_includes, subject_excludes, cursor, attempt_max, visibility_timeout)
     values ($1, 'orders', 'consumer_new', 'send_email', '{order.>}', '{}', 'event_0', 2, 300000)
     on conflict (name) do update set updated_at = ${now} returning id, cursor`,
    [consumer.stream_id],
  )
  t.deepEqual(again.rows, [{ id: consumer.id, cursor: consumer.cursor }])
})

test('a Go subscriber makes the tables and the index of a consumer that is there', async (t) => {
  const { client, consumer, tasks } = await register(t)
  await client.query(`create table if not exists kanthorq_${consumer.stream_id} (id text)`)
  await client.query(`create table if not exists ${tasks} (event_id text)`)
  await client.query(
    `create index if not exists idx_state_scheduling on ${tasks} using btree (state, schedule_at, event_id)`,
  )
  t.is(
    (await client.query(`select body, metadata from kanthorq_${consumer.stream_id}`)).rowCount,
    0,
  )
})

test('a Go subscriber reads the events from the cursor on, and makes tasks of them', async (t) => {
  const { client, consumer, tasks } = await register(t)
  const ids = [await publish(client), await publish(client)]
  const events = `
    select id, subject, metadata from kanthorq_${consumer.stream_id} where id > $1 order by id limit 100`
  const { rows } = await client.query<{ id: string }>(events, [consumer.cursor])
  t.deepEqual(
    rows.map(({ id }) => id),
    ids,
  )
  await client.query(
    `insert into ${tasks} (event_id, subject, state, schedule_at, metadata)
     select id, subject, 2, ${now} + 300000, metadata from (${events}) e
     on conflict (event_id) do nothing`,
    [consumer.cursor],
  )
  await client.query('update kanthorq_consumer_registry set cursor = $1 where name = $2', [
    ids[1],
    'send_email',
  ])
  const { rows: cancelled } = await client.query(
    "select * from kanthorq_task_cancel('send_email', $1)",
    [ids],
  )
  t.deepEqual(cancelled, [{ updated: [], noop: ids }], 'they are running')
})
