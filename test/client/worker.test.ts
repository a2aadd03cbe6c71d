// The methods of the client that publish events, pull tasks and report on them.
import test from 'ava'
import { InvalidArgumentError, TaskClient, type HeldTask, type NewEvent } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, statesOf, storedTasks } from '../support/scene.ts'

const db = useDatabase(test)
const tasks = () => new TaskClient(db.owner)

test('events are pulled as they were published, byte for byte, whatever bytea_output is', async (t) => {
  const consumer = await makeConsumer(db, 'bytes')
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const metadata = { customer: '42', deep: { list: [1, null, 'x"y\\z'] } }
  const [one] = await tasks().publish('bytes_stream', { subject: 'order.created', body: bytes, metadata })
  const many = await tasks().publish('bytes_stream', [
    { subject: 'order.paid', body: 'ü\n"\\' },
    { subject: 'order.sent', body: new Uint8Array(bytes.buffer, bytes.byteOffset + 65, 2), metadata },
  ])
  t.deepEqual(await tasks().publish('bytes_stream', []), [])

  const client = await db.owner.connect()
  t.teardown(() => {
    client.release(true)
  })
  await client.query('set bytea_output = escape')
  const pulled = await new TaskClient(client).pull(consumer, { maxTasks: 10, lookback: 0, subjects: ['order.*'] })
  t.deepEqual(
    pulled.map(({ eventId, subject, body, ...task }) => ({ eventId, subject, body, metadata: task.metadata })),
    [
      { eventId: one, subject: 'order.created', body: bytes, metadata },
      { eventId: many[0], subject: 'order.paid', body: Buffer.from('ü\n"\\'), metadata: {} },
      { eventId: many[1], subject: 'order.sent', body: Buffer.from('AB'), metadata },
    ],
  )
  const [first] = pulled
  t.is(first?.attempt, 0)
  t.is(first?.attemptMax, 3)
  t.true(first !== undefined && first.leaseUntil > first.createdAt)
  t.deepEqual(await tasks().pull(consumer), [])
})

test('each report changes the tasks whose attempt is held, and names the others', async (t) => {
  const consumer = await makeConsumer(db, 'reports')
  const ids = await makeTasks(db, consumer, ['running', 'running', 'running', 'running', 'running'])
  const held = await tasks().pull(consumer, { maxTasks: 10 })
  const [done, failed, extended, released, lost] = held as HeldTask[] as [HeldTask, HeldTask, HeldTask, HeldTask, HeldTask]
  t.deepEqual(
    held.map(({ eventId, attempt }) => ({ eventId, attempt })),
    ids.map((eventId) => ({ eventId, attempt: 1 })),
  )
  const before = await storedTasks(db, consumer)
  const stale = { ...lost, attempt: 0 }
  t.deepEqual(await tasks().complete(consumer, [done, stale]), { updated: [done.eventId], noop: [lost.eventId] })
  const error = new TypeError('no \0 route')
  const retryAt = new Date('2100-01-01')
  t.deepEqual(await tasks().fail(consumer, [{ ...failed, error }], { retryAt }), { updated: [failed.eventId], noop: [] })
  t.deepEqual(await tasks().extend(consumer, [extended, stale], { extendBy: 7_200_000 }), {
    updated: [extended.eventId],
    noop: [lost.eventId],
  })
  t.deepEqual(await tasks().release(consumer, [released]), { updated: [released.eventId], noop: [] })
  t.deepEqual(await statesOf(db, consumer, ids), ['completed', 'retryable', 'running', 'running', 'running'])
  const after = await storedTasks(db, consumer)
  const leaseOf = (id: string) => (after.get(id)?.schedule_at ?? 0) - (before.get(id)?.schedule_at ?? 0)
  t.true(leaseOf(extended.eventId) > 6_000_000)
  t.true(leaseOf(released.eventId) < 0)
  t.is(after.get(released.eventId)?.attempt_count, 0)
  t.is(after.get(failed.eventId)?.schedule_at, retryAt.getTime())
  const [stored] = after.get(failed.eventId)?.attempted_error ?? []
  t.like(stored, { error: 'no \ufffd route', stack: error.stack?.replace('\0', '\ufffd') })
})

test('whatever a handler throws can be stored', async (t) => {
  const consumer = await makeConsumer(db, 'thrown')
  const thrown = ['smtp', '', 42, new Error(''), { message: 'a plain object' }, Object.create(null) as object, '\ud800']
  await makeTasks(
    db,
    consumer,
    thrown.map(() => 'running'),
  )
  const pulled = await tasks().pull(consumer)
  await tasks().fail(
    consumer,
    pulled.map((task, n) => ({ ...task, error: thrown[n] })),
  )
  const stored = await storedTasks(db, consumer)
  t.deepEqual(
    pulled.map(({ eventId }) => stored.get(eventId)?.attempted_error[0]?.error),
    ['smtp', 'failed', '42', 'Error', 'a plain object', 'failed', '\ufffd'],
  )
})

test('cancel takes running tasks when asked, and their worker learns it', async (t) => {
  const consumer = await makeConsumer(db, 'called_off')
  const ids = await makeTasks(db, consumer, ['running', 'running'])
  const [first, second] = await tasks().pull(consumer)
  t.deepEqual(await tasks().cancel(consumer, ids), { updated: [], noop: ids })
  const explained = await tasks().explain(consumer, ids, { running: true })
  t.deepEqual(
    explained.map(({ canCancel }) => canCancel),
    [true, true],
  )
  t.is((await tasks().preview('cancel', consumer, {}, { running: true })).tasks, 2)
  t.deepEqual((await tasks().cancel(consumer, ids.slice(0, 1), { running: true })).updated, ids.slice(0, 1))
  t.is((await tasks().cancelAll(consumer, {}, { everything: true, running: true })).updated, 1)
  t.deepEqual(await tasks().extend(consumer, [first, second] as HeldTask[]), { updated: [], noop: ids })
})

test('what is no event and no held task is refused before anything is sent', async (t) => {
  const client = new TaskClient({ query: () => Promise.reject(new Error('sent')) })
  const events = [
    null,
    'order.created',
    { subject: 'order.created' },
    { body: '' },
    { subject: 'a', body: 42 },
    { subject: 'a', body: [1] },
    { subject: 'a', body: new Uint16Array(1) },
    { subject: 'a', body: '\ud800' },
    { subject: 'a', body: '', metadata: [] },
    { subject: 'a', body: '', key: 'x' },
  ]
  for (const event of [...events, events])
    await t.throwsAsync(client.publish('s', event as NewEvent), { instanceOf: InvalidArgumentError })
  const held = ['event_01', null, { eventId: 'event_01' }, { attempt: 0 }, { eventId: 'event_01', attempt: 0.5 }]
  for (const task of held)
    for (const report of ['complete', 'extend', 'release', 'fail'] as const)
      await t.throwsAsync(client[report]('c', [task as HeldTask & { error: unknown }]), { instanceOf: InvalidArgumentError })
  for (const error of [null, undefined])
    await t.throwsAsync(client.fail('c', [{ eventId: 'event_01', attempt: 0, error }]), { message: /^tasks\[0\]\.error is / })
})
