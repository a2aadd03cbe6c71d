// Several sessions that register, publish and convert at the same time. All of it stays with the owner.
import test from 'ava'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, only, storedTasks } from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'

const db = useDatabase(test)

const register = "select * from kanthorq_consumer_register($1, $2, '{>}')"

for (const end of ['commit', 'rollback'] as const) {
  test.serial(`two that register a new consumer at once get one, also after a ${end}`, async (t) => {
    const names = [`stream_${end}`, `consumer_${end}`]
    const [first, second] = [await openSession(t, db.owner), await openSession(t, db.owner)]
    const waiting = await processOf(second)

    await first.query('begin')
    const one = only(await first.query<{ id: string; stream_id: string }>(register, names))
    const call = second.query<{ id: string; stream_id: string }>(register, names)
    await Promise.race([withoutWaiting(call), untilBlocked(db.owner, [waiting], await processOf(first))])
    await first.query(end)
    const other = only(await call)
    t.is(other.id === one.id, end === 'commit')
    t.is(other.stream_id === one.stream_id, end === 'commit')
    const { rows } = await db.owner.query(
      `select c.id, s.id as stream_id from kanthorq_consumer_registry c
         full join kanthorq_stream_registry s on s.id = c.stream_id
         join pg_class stream_table on stream_table.relname = 'kanthorq_' || s.id
         join pg_class consumer_table on consumer_table.relname = 'kanthorq_' || c.id
         where s.name = $1 or c.name = $2`,
      names,
    )
    t.deepEqual(rows, [{ id: other.id, stream_id: other.stream_id }])
  })
}

test.serial('two that convert the same events in opposite orders make each task once', async (t) => {
  const consumer = await makeConsumer(db, 'converted')
  const convert = 'select event_id from kanthorq_task_convert($1, $2)'
  const [first, second] = [await openSession(t, db.owner), await openSession(t, db.owner)]
  const pids = [await processOf(first), await processOf(second)]
  const holder = await openSession(t, db.owner)
  const ids = await publish(consumer, 200)
  // Somebody is about to make the task in the middle, so that both have to wait.
  await holder.query('begin')
  await holder.query(convert, [consumer, ids.slice(100, 101)])
  const calls = [
    first.query<{ event_id: string }>(convert, [consumer, ids]),
    second.query<{ event_id: string }>(convert, [consumer, ids.toReversed()]),
  ]
  await untilBlocked(db.owner, pids)
  await holder.query('rollback')
  const made = (await Promise.all(calls)).flatMap(({ rows }) => rows.map((row) => row.event_id))
  t.deepEqual(made.toSorted(), ids)
  t.deepEqual([...(await storedTasks(db, consumer)).keys()], ids)
})

test.serial('ids of events that are published at once are distinct, and increase in a session', async (t) => {
  const consumer = await makeConsumer(db, 'published')
  const sessions = await Promise.all(Array.from({ length: 8 }, () => publish(consumer, 100)))
  for (const ids of sessions) t.deepEqual(ids, ids.toSorted())
  t.is(new Set(sessions.flat()).size, 8 * 100)
})

/** Publishes events one after the other, in one session. */
async function publish(consumer: string, count: number): Promise<string[]> {
  const { rows } = await db.owner.query<{ id: string }>(
    `select kanthorq_stream_publish($1, 'order.created', '') as id from generate_series(1, $2)`,
    [`${consumer}_stream`, count],
  )
  return rows.map((row) => row.id)
}
