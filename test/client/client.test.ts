// Calls by id, and what surrounds a call: its connection, its transaction, the schema, the search_path, the time zone.
import test from 'ava'
import pg from 'pg'
import { InvalidArgumentError, KanthorqError, NotFoundError, TaskClient, type Task } from 'kanthorq-tasks'
import { migrate } from 'kanthorq-tasks/migrate'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

for (const zone of ['UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia']) {
  test.serial(`scheduleAt arrives to the millisecond from a process in ${zone}`, async (t) => {
    const consumer = await makeConsumer(db, zone.toLowerCase().replace('/', '_'))
    // Among them the hour that New York has twice, and the minutes around the one that it skips.
    const times = [
      '2026-11-01T05:30:00.123Z',
      '2026-11-01T06:30:00.123Z',
      '2026-03-08T06:59:59.999Z',
      '2026-03-08T07:00:00.001Z',
      '2028-02-29T12:00:00.500Z',
    ]
    const states = times.map(() => 'cancelled' as const)
    const ids = await makeTasks(db, consumer, states)
    const before = process.env['TZ']
    process.env['TZ'] = zone
    try {
      for (const [n, id] of ids.entries()) {
        const scheduleAt = new Date(times[n] ?? '')
        await new TaskClient(db.pool).resume(consumer, [id], { scheduleAt })
      }
    } finally {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    }
    const tasks = await storedTasks(db, consumer)
    t.deepEqual(
      ids.map((id) => new Date(tasks.get(id)?.schedule_at ?? 0).toISOString()),
      times,
    )
  })
}

test('a Pool, a Client and a PoolClient are connections, a registry row is a consumer', async (t) => {
  const name = await makeConsumer(db, 'connections')
  const row = 'select * from kanthorq_consumer_registry where name = $1'
  const consumer = only(await db.owner.query<{ name: string }>(row, [name]))
  const client = new pg.Client(db.url)
  await client.connect()
  t.teardown(() => client.end())
  for (const connection of [db.pool, client, await openSession(t, db.pool)]) {
    const ids = await makeTasks(db, name, ['available'])
    const result = await new TaskClient(connection).cancel(consumer, ids)
    t.deepEqual(result, { updated: ids, noop: [] })
  }
})

test('tasks are ids or tasks, and results name each once in the order in which they first came', async (t) => {
  const consumer = await makeConsumer(db, 'mixed')
  const tasks = new TaskClient(db.pool)
  const [first = '', second = ''] = await makeTasks(db, consumer, ['pending', 'available'])
  const [running] = await makeTasks(db, consumer, ['running'])
  const found: Task[] = await tasks.find(consumer, { states: ['available'] })
  // Some look like the syntax of arrays.
  const odd = ['NULL', '{a,b}', 'a"b', 'back\\slash', ' ', "it's", '$1', 'línea\n']
  const refs = ['zzz', ...found, running ?? '', { eventId: first }, second, ...odd, 'zzz']
  const expected = { updated: [second, first], noop: ['zzz', running, ...odd] }
  t.deepEqual(await tasks.cancel(consumer, refs), expected)
  t.deepEqual(await tasks.resume(consumer, refs), expected)
  t.deepEqual(await tasks.cancel(consumer, []), { updated: [], noop: [] })
})

test('options are given by name', async (t) => {
  const consumer = await makeConsumer(db, 'options')
  const [id = ''] = await makeTasks(db, consumer, ['available'])
  const tasks = new TaskClient(db.pool)
  const scheduleAt = new Date('2031-05-17T01:02:03.457Z')
  const table = await taskTable(db, consumer)
  await db.owner.query(`update ${table} set attempt_count = 1`)
  await tasks.cancel(consumer, [id], { reason: 'INC-42' })
  await tasks.resume(consumer, [id], { scheduleAt, reason: 'INC-43' })
  const resumed = { state: 'running', schedule_at: scheduleAt.getTime(), attempt_count: 1 } as const
  t.like((await storedTasks(db, consumer)).get(id), resumed)
  t.deepEqual(
    (await tasks.operations(consumer)).map(({ reason }) => reason),
    ['INC-43', 'INC-42'],
  )

  await db.owner.query(`update ${table} set state = _kanthorq_task_state('cancelled')`)
  const before = Date.now()
  await tasks.resume(consumer, [id], { resetAttempts: true })
  const task = (await storedTasks(db, consumer)).get(id)
  t.like(task, { state: 'running', attempt_count: 0 })
  // The clocks are those of two processes, if not of two machines.
  t.true(Math.abs((task?.schedule_at ?? 0) - before) < 60_000)
})

test('what is no id is refused by its position', async (t) => {
  const consumer = await makeConsumer(db, 'smuggled')
  const ids = await makeTasks(db, consumer, ['available', 'available'])
  const tasks = new TaskClient(db.pool)
  for (const bad of [null, undefined, {}, { event_id: ids[1] }, { eventId: null }, 42]) {
    const refs = [ids[0], bad, ids[1]] as string[]
    for (const call of [tasks.cancel(consumer, refs), tasks.resume(consumer, refs)]) {
      await t.throwsAsync(call, {
        instanceOf: InvalidArgumentError,
        code: 'KQ003',
        message: /event_ids\[2\] is null/,
      })
    }
  }
  // A number in the place of an id arrives as text, and is the id of nothing.
  t.deepEqual(await tasks.cancel(consumer, [{ eventId: 42 } as unknown as Task]), {
    updated: [],
    noop: ['42'],
  })
  t.deepEqual(await statesOf(db, consumer, ids), ['available', 'available'])
  const nameless = { name: null } as unknown as { name: string }
  await t.throwsAsync(tasks.cancel(nameless, []), {
    instanceOf: InvalidArgumentError,
    message: /consumer is null/,
  })
})

test('a call is part of the transaction of its connection, and an error undoes no other', async (t) => {
  const consumer = await makeConsumer(db, 'transaction')
  const ids = await makeTasks(db, consumer, ['available', 'available'])
  const [first = '', second = ''] = ids
  const session = await openSession(t, db.sessions)
  const tasks = new TaskClient(session)

  await session.query('begin')
  t.deepEqual(await tasks.cancel(consumer, [first]), { updated: [first], noop: [] })
  t.deepEqual(await statesOf(db, consumer, ids), ['available', 'available'], 'others do not see it')
  for (const call of [() => tasks.cancel('nobody', [second]), () => tasks.resume(consumer, [second, ''])]) {
    await session.query('savepoint before')
    await t.throwsAsync(call, { instanceOf: KanthorqError })
    await session.query('rollback to savepoint before')
  }
  t.deepEqual(await tasks.cancel(consumer, ids), { updated: [second], noop: [first] })
  await session.query('commit')
  t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled'])
})

// 'My Queue-2' works only where it is quoted; 'Queue' would be found as queue where it is not.
for (const schema of ['queue', 'Queue', 'My Queue-2']) {
  test.serial(`the functions may live in the schema ${schema}`, async (t) => {
    await migrate({ database: db.ownerUrl, schema })
    const register = `${pg.escapeIdentifier(schema)}.kanthorq_consumer_register`
    await db.owner.query(`select ${register}('s', 'elsewhere', '{>}')`)
    const tasks = new TaskClient(db.owner, { schema })
    t.deepEqual(await tasks.cancel('elsewhere', ['none']), { updated: [], noop: ['none'] })
    t.is(await tasks.count('elsewhere'), 0)
    await t.throwsAsync(new TaskClient(db.owner).count('elsewhere'), { instanceOf: NotFoundError })
  })
}
