// KanthorQ loses an event that is committed after a younger one was read. It is found, and handled in the end.
import test from 'ava'
import type pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, only, statesOf, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'
import { claim, pullNew } from '../support/worker.ts'

const db = useDatabase(test)

test('an event that KanthorQ has lost is listed until it has a task, which a worker takes', async (t) => {
  const consumer = await makeConsumer(db, 'losing')
  const publish = async (session: Pick<pg.ClientBase, 'query'>) =>
    only(await session.query<{ id: string }>("select kanthorq_stream_publish('losing_stream', 'order.created', '') as id")).id
  const missed = async () => (await new TaskClient(db.pool).missed(consumer)).map(({ eventId }) => eventId)

  const slow = await openSession(t, db.owner)
  await slow.query('begin')
  const lost = await publish(slow)
  const read = await publish(db.owner)
  t.deepEqual(await pullNew(db, consumer), [read])
  t.deepEqual(await missed(), [], 'it is not published yet')
  await slow.query('commit')
  t.deepEqual(await pullNew(db, consumer), [], 'it lies behind the cursor')
  t.deepEqual(await missed(), [lost])

  // An event that no puller has come to yet is not missed, nor is one whose puller is at work.
  const next = await publish(db.owner)
  t.deepEqual(await missed(), [lost])

  const [task, ...others] = await new TaskClient(db.owner).convert(consumer, await new TaskClient(db.pool).missed(consumer))
  t.deepEqual(others, [])
  t.like(task, { eventId: lost, state: 'running', subject: 'order.created', attemptCount: 0 })
  t.deepEqual(await missed(), [])
  t.deepEqual(await claim(db, consumer, 'running'), [], 'it is due after the visibility timeout')
  await db.owner.query(`update ${await taskTable(db, consumer)} set schedule_at = 1000 where event_id = $1`, [lost])
  t.deepEqual(await claim(db, consumer, 'running'), [lost])
  t.deepEqual(await pullNew(db, consumer), [next])
  t.deepEqual(await statesOf(db, consumer, [lost, read, next]), ['running', 'running', 'running'])
})
