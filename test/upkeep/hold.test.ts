// A held consumer beside what KanthorQ's program does: no puller gets anything, what is under way goes on, and no event is lost.
import test from 'ava'
import { TaskClient } from 'kanthorq-tasks'
import { migrate } from 'kanthorq-tasks/migrate'
import { readMigrations } from '../../src/install/migrations.ts'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { dump, dumpedTasks } from '../support/kanthorq-dump.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'
import { until } from '../support/until.ts'
import { claim, pullNew } from '../support/worker.ts'

const db = useDatabase(test)
const server = useServer(test)

/** Publishes so many events to the stream of a consumer, each in a transaction of its own. */
async function publish(consumer: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const sql = "select kanthorq_stream_publish($1 || '_stream', 'order.created', '') as id"
    ids.push(only(await db.owner.query<{ id: string }>(sql, [consumer])).id)
  }
  return ids
}

const cursorOf = async (consumer: string) =>
  only(await db.owner.query<{ cursor: string }>('select cursor from kanthorq_consumer_registry where name = $1', [consumer]))
    .cursor

test('while held, no puller gets anything, workers report what they have, and nothing is lost', async (t) => {
  const consumer = await makeConsumer(db, 'held')
  const tasks = new TaskClient(db.pool)
  const [first = ''] = await publish(consumer, 1)
  t.deepEqual(await pullNew(db, consumer), [first])
  const [overdue = '', retryable = ''] = await makeTasks(db, consumer, ['running', 'retryable'])
  t.true(await tasks.hold(consumer, { reason: 'INC-1' }))
  t.false(await tasks.hold(consumer))

  const later = await publish(consumer, 3)
  const before = await cursorOf(consumer)
  t.deepEqual(await pullNew(db, consumer), [])
  t.is(await cursorOf(consumer), before, 'the puller writes nothing back')
  await db.owner.query("select kanthorq_consumer_register('held_stream', 'held', '{>}')")
  t.is(await cursorOf(consumer), before, 'nor does its program when it starts')
  for (const state of ['running', 'retryable'] as const) t.deepEqual(await claim(db, consumer, state), [])
  t.deepEqual(await statesOf(db, consumer, [overdue, retryable]), ['running', 'retryable'])
  // What KanthorQ's worker does to acknowledge.
  const completed = await db.owner.query(
    `update ${await taskTable(db, consumer)} set state = 101, finalized_at = $2 where event_id in ($1) and state = 2 returning event_id`,
    [first, Date.now()],
  )
  t.is(completed.rowCount, 1)
  await db.owner.query('select test.fail($1, $2)', [consumer, overdue])
  t.deepEqual(await statesOf(db, consumer, [first, overdue]), ['completed', 'retryable'])
  const [explained] = await tasks.explain(consumer, [retryable])
  t.regex(explained?.why ?? '', /held since .* because 'INC-1'$/)
  t.is(explained?.nextRunAt, null)
  t.regex((await tasks.stats(consumer))[0]?.held ?? '', /^held since .* because 'INC-1'$/)

  t.true(await tasks.endHold(consumer, { reason: 'over' }))
  t.false(await tasks.endHold(consumer))
  const waiting = [...later].sort()
  // The tasks that the test made have events, too, which were published before the hold.
  t.deepEqual((await pullNew(db, consumer))?.filter((id) => waiting.includes(id)).sort(), waiting)
  t.deepEqual((await claim(db, consumer, 'retryable')).sort(), [overdue, retryable].sort())
  t.like(await tasks.operations(consumer), [
    { action: 'release', reason: 'over', tasks: 0, eventIds: [], fromStates: {} },
    { action: 'hold', reason: 'INC-1' },
  ])
})

test('a hold waits for a puller that is at work, and keeps the cursor that it leaves', async (t) => {
  const consumer = await makeConsumer(db, 'awaited')
  const [first = '', second = ''] = await publish(consumer, 2)
  const puller = await openSession(t, db.owner)
  await puller.query('begin')
  await puller.query("select cursor from kanthorq_consumer_registry where name = 'awaited' for update skip locked")
  const operator = await openSession(t, db.sessions)
  const pid = await processOf(operator)
  const held = new TaskClient(operator).hold(consumer)
  await untilBlocked(db.owner, [pid], await processOf(puller))
  await puller.query("update kanthorq_consumer_registry set cursor = $1 where name = 'awaited'", [first])
  await puller.query('commit')
  t.true(await held)
  t.deepEqual(await pullNew(db, consumer), [])
  await new TaskClient(db.pool).endHold(consumer)
  t.is(await cursorOf(consumer), first)
  t.deepEqual(await pullNew(db, consumer), [second])
})

test('a hold that can not have the table in time changes nothing, and one of the intake alone needs no lock on it', async (t) => {
  const consumer = await makeConsumer(db, 'busy')
  const [id = ''] = await makeTasks(db, consumer, ['running'])
  const worker = await openSession(t, db.owner)
  await worker.query('begin')
  await worker.query('select test.pull($1)', [consumer])
  const before = await cursorOf(consumer)
  const operator = await openSession(t, db.sessions)
  await operator.query("set lock_timeout to '50ms'")
  await t.throwsAsync(new TaskClient(operator).hold(consumer), { code: '55P03', message: /go on for too long/ })
  t.is(await cursorOf(consumer), before)
  t.deepEqual(await new TaskClient(db.pool).operations(consumer), [])
  t.true(await new TaskClient(operator).hold(consumer, { intakeOnly: true }))
  t.is(only(await operator.query<{ lock_timeout: string }>('show lock_timeout')).lock_timeout, '50ms')
  await worker.query('commit')
  t.is((await storedTasks(db, consumer)).get(id)?.attempt_count, 1)
})

test('a puller that is refused waits before it locks the tasks again', async (t) => {
  const consumer = await makeConsumer(db, 'waiting')
  const ids = await makeTasks(db, consumer, Array(20).fill('running'))
  await new TaskClient(db.pool).hold(consumer)
  const puller = await openSession(t, db.owner)
  t.deepEqual(await claim(db, consumer, 'running', puller), [])
  const pid = await processOf(puller)
  const second = claim(db, consumer, 'running', puller)
  const asleep = "select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
  await until(async () => (await db.owner.query(asleep, [pid])).rowCount === 1, 'the puller does not sleep')
  const free = `select from ${await taskTable(db, consumer)} where event_id = any ($1) for update skip locked`
  t.is((await db.owner.query(free, [ids])).rowCount, ids.length)
  t.deepEqual(await second, [])
})

test('holds and releases among pullers lose no event and let no claim through', async (t) => {
  const consumer = await makeConsumer(db, 'contested')
  const tasks = new TaskClient(db.pool)
  const published: string[] = []
  let goesOn = true
  const publisher = async () => {
    while (goesOn) published.push(...(await publish(consumer, 5)))
  }
  const pull = async () => {
    const session = await openSession(t, db.owner)
    while (goesOn) {
      await pullNew(db, consumer, session)
      await db.owner.query(`update ${await taskTable(db, consumer)} set schedule_at = 1000 where schedule_at > 1000`)
      await claim(db, consumer, 'running')
    }
  }
  const parts = [publisher(), pull(), pull()]
  let tries = 0
  for (let n = 0; n < Math.max(times(100), 10); n++) {
    // Claims and acknowledgements that follow each other closely may keep the table for longer than a hold waits.
    await until(async () => tasks.hold(consumer).catch(() => ((tries += 1), false)), 'it can not be held')
    const count = async () =>
      only(
        await db.owner.query<object>(`select count(*), sum(attempt_count) as attempts from ${await taskTable(db, consumer)}`),
      )
    const before = await count()
    await pullNew(db, consumer)
    await claim(db, consumer, 'running')
    t.deepEqual(await count(), before)
    t.true(await tasks.endHold(consumer))
  }
  goesOn = false
  await Promise.all(parts)
  while ((await pullNew(db, consumer))?.length !== 0);
  t.log(`${published.length} events, ${tries} holds that had to be tried again`)
  t.deepEqual([...(await storedTasks(db, consumer)).keys()].sort(), published.sort())
  t.deepEqual(await tasks.missed(consumer), [])
})

test('a hold survives an upgrade, and taking the functions back ends it', async (t) => {
  const { url, client: empty } = await server.emptyDatabase(t)
  await empty.query(dump)
  await migrate({ database: url })
  const client = await connect(t, url)
  const state = async () =>
    only(
      await client.query<object>(
        `select cursor, array(select tgname::text from pg_trigger where tgrelid = $1::regclass order by 1) as triggers
         from kanthorq_consumer_registry where name = 'send_email'`,
        [dumpedTasks],
      ),
    )
  const free = await state()
  t.true(await new TaskClient(client).hold('send_email'))
  const held = await state()
  t.notDeepEqual(held, free)

  await client.query(readMigrations().at(-1)?.up ?? '')
  t.deepEqual(await state(), held)
  const { rows } = await client.query<{ held: string }>('select held from kanthorq_consumer_list() where held is not null')
  t.regex(rows[0]?.held ?? '', /^held since /)

  await migrate({ database: url, direction: 'down' })
  t.deepEqual(await state(), free)
})

test('taking the functions back restores the cursor of a held consumer whose table is gone', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await client.query(dump)
  await migrate({ database: url })
  const cursors = async () =>
    (await client.query<object>('select name, cursor from public.kanthorq_consumer_registry order by name')).rows
  const before = await cursors()
  await client.query("select public.kanthorq_consumer_hold('send_email')")
  t.notDeepEqual(await cursors(), before)
  await client.query(`drop table public.${dumpedTasks}`)
  await migrate({ database: url, direction: 'down' })
  t.deepEqual(await cursors(), before)
})
