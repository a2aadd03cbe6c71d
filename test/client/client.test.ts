import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import pg from 'pg'
import { InvalidArgumentError, TaskClient, type Task } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import {
  fillTable,
  makeConsumer,
  makeTasks,
  only,
  statesOf,
  storedTasks,
} from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'
import { tsx } from '../../scripts/tsx.ts'

const db = useDatabase(test)

test('a Pool, a Client and a PoolClient will do', async (t) => {
  const consumer = await makeConsumer(db, 'connections')
  const client = new pg.Client(db.url)
  await client.connect()
  t.teardown(() => client.end())

  for (const connection of [db.pool, client, await openSession(t, db.pool)]) {
    const tasks = new TaskClient(connection)
    const ids = await makeTasks(db, consumer, ['available'])
    t.deepEqual(await tasks.cancel(consumer, ids), { updated: ids, noop: [] })
    t.deepEqual(await statesOf(db, consumer, ids), ['cancelled'])
    t.deepEqual(await tasks.resume(consumer, ids), { updated: ids, noop: [] })
    t.deepEqual(await statesOf(db, consumer, ids), ['running'])
  }
})

test('a consumer is its name or its registry row', async (t) => {
  const consumer = await makeConsumer(db, 'named')
  const ids = await makeTasks(db, consumer, ['available', 'available'])
  const row = only(
    await db.owner.query<{ name: string }>(
      'select * from kanthorq_consumer_registry where name = $1',
      [consumer],
    ),
  )
  const tasks = new TaskClient(db.pool)
  t.deepEqual(await tasks.cancel(row, ids), { updated: ids, noop: [] })
  t.deepEqual(await tasks.resume(row, ids), { updated: ids, noop: [] })
})

test('tasks are ids or tasks, mixed at will', async (t) => {
  const consumer = await makeConsumer(db, 'mixed')
  const [first = '', second = '', third = ''] = await makeTasks(db, consumer, [
    'pending',
    'available',
    'retryable',
  ])
  const task: Task = {
    eventId: second,
    subject: 'order.created',
    state: 'available',
    scheduleAt: new Date(),
    finalizedAt: null,
    attemptCount: 0,
    attemptedAt: null,
    stuck: false,
    attemptMax: 3,
    lastError: null,
    metadata: {},
    createdAt: new Date(),
    updatedAt: new Date(),
  }
  const refs = [third, task, { eventId: first }]
  const tasks = new TaskClient(db.pool)
  t.deepEqual(await tasks.cancel(consumer, refs), { updated: [third, second, first], noop: [] })
  t.deepEqual(await tasks.resume(consumer, refs), { updated: [third, second, first], noop: [] })
})

test('results name each id once, in the order in which the ids first came', async (t) => {
  const consumer = await makeConsumer(db, 'ordered')
  const [a = '', b = '', c = '', d = ''] = await makeTasks(db, consumer, [
    'available',
    'running',
    'pending',
    'cancelled',
  ])
  const tasks = new TaskClient(db.pool)
  t.deepEqual(await tasks.cancel(consumer, ['zzz', c, b, a, c, d, 'aaa', 'zzz', b]), {
    updated: [c, a],
    noop: ['zzz', b, d, 'aaa'],
  })
  t.deepEqual(await tasks.resume(consumer, [d, 'zzz', c, b, d, a, c]), {
    updated: [d, c, a],
    noop: ['zzz', b],
  })
})

test('ids that look like array syntax come back as they were given', async (t) => {
  const consumer = await makeConsumer(db, 'syntax')
  const odd = ['NULL', '{a,b}', 'a"b', 'back\\slash', 'two words', ' ', "it's", '$1', 'línea\n']
  t.deepEqual(await new TaskClient(db.pool).cancel(consumer, odd), { updated: [], noop: odd })
})

test('no ids are no tasks', async (t) => {
  const consumer = await makeConsumer(db, 'empty')
  const tasks = new TaskClient(db.pool)
  t.deepEqual(await tasks.cancel(consumer, []), { updated: [], noop: [] })
  t.deepEqual(await tasks.resume(consumer, []), { updated: [], noop: [] })
})

test('100,000 ids are one call', async (t) => {
  const consumer = await makeConsumer(db, 'many')
  const ids = await fillTable(db, consumer, 100_000, ['available', 'running'])
  const reversed = ids.toReversed()
  const odd = (_: string, index: number) => index % 2 === 1
  const even = (_: string, index: number) => index % 2 === 0

  const tasks = new TaskClient(db.pool)
  const { updated, noop } = await tasks.cancel(consumer, reversed)
  // The last id is the number 100,000, which is even and so has the first of the states.
  t.deepEqual(updated, reversed.filter(even))
  t.deepEqual(noop, reversed.filter(odd))
  t.deepEqual(await tasks.resume(consumer, updated), { updated, noop: [] })
})

test('options are given by name', async (t) => {
  const consumer = await makeConsumer(db, 'options')
  const id = only(
    await db.owner.query<{ id: string }>("select test.task($1, 'discarded', 4) as id", [consumer]),
  ).id
  const tasks = new TaskClient(db.pool)
  const scheduleAt = new Date('2031-05-17T01:02:03.457Z')

  await tasks.resume(consumer, [id], { scheduleAt, reason: 'INC-42' })
  t.like((await storedTasks(db, consumer)).get(id), {
    state: 'running',
    schedule_at: scheduleAt.getTime(),
    attempt_count: 3,
  })

  await db.owner.query(
    "update kanthorq_consumer_registry set attempt_max = 2 where name = 'options'",
  )
  const cancelled = await makeTasks(db, consumer, ['available'])
  await tasks.cancel(consumer, cancelled, { reason: 'INC-43' })
  const before = Date.now()
  await tasks.resume(consumer, cancelled, { resetAttempts: true })
  const task = (await storedTasks(db, consumer)).get(cancelled[0] ?? '')
  t.like(task, { state: 'running', attempt_count: 0 })
  // The clocks are those of two processes, if not of two machines.
  t.true(Math.abs((task?.schedule_at ?? 0) - before) < 60_000)
})

for (const zone of [
  'UTC',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Pacific/Apia',
]) {
  test(`scheduleAt arrives to the millisecond from a process in ${zone}`, async (t) => {
    const consumer = await makeConsumer(db, zone.toLowerCase().replace('/', '_'))
    // Among them the hour that New York has twice, and the minutes around the one that it skips.
    const times = [
      '2026-11-01T05:30:00.123Z',
      '2026-11-01T06:30:00.123Z',
      '2026-03-08T06:59:59.999Z',
      '2026-03-08T07:00:00.001Z',
      '2027-12-31T23:59:59.999Z',
      '2028-02-29T12:00:00.500Z',
    ]
    const ids = await makeTasks(
      db,
      consumer,
      times.map(() => 'cancelled'),
    )
    const script = new URL('../support/resume-at.ts', import.meta.url).pathname
    const schedule = ids.map((id, n) => `${id}=${times[n] ?? ''}`)
    await promisify(execFile)(
      process.execPath,
      ['--import', tsx, script, db.url, consumer, ...schedule],
      { env: { ...process.env, TZ: zone } },
    )
    const tasks = await storedTasks(db, consumer)
    t.deepEqual(
      ids.map((id) => new Date(tasks.get(id)?.schedule_at ?? 0).toISOString()),
      times,
    )
  })
}

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
  await t.throwsAsync(tasks.cancel(consumer, [...ids, '']), {
    instanceOf: InvalidArgumentError,
    message: /event_ids\[3\] is empty/,
  })
  // Whatever else was smuggled in is at least text by the time that it arrives, and the id of nothing.
  t.deepEqual(await tasks.cancel(consumer, [{ eventId: 42 } as unknown as Task]), {
    updated: [],
    noop: ['42'],
  })
  t.deepEqual(await statesOf(db, consumer, ids), ['available', 'available'])
})

test('a consumer without a name is refused', async (t) => {
  const nameless = { name: null } as unknown as { name: string }
  await t.throwsAsync(new TaskClient(db.pool).cancel(nameless, []), {
    instanceOf: InvalidArgumentError,
    message: /consumer is null/,
  })
})
