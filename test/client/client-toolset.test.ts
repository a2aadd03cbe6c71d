// The methods of the client that see, explain, discard, act in bulk, read the log, and undo.
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { InvalidArgumentError, TaskClient, type OperationsOptions, type Queryable } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, makeTasks, statesOf, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

test('a task that is found has the names and types that the interface says', async (t) => {
  const consumer = await makeConsumer(db, 'found')
  await db.owner.query(
    `select test.task('found', 'discarded', attempt_count => 2, schedule_at => 1500, finalized_at => 1700000000000,
       subject => 'order.bounced', attempted_error => array['{"at": 1, "error": "first"}', '{"at": 2, "error": "smtp: no"}']::jsonb[])`,
  )
  const [task] = await new TaskClient(db.pool).find(consumer)
  t.deepEqual(
    { ...task, eventId: '', createdAt: 0 },
    {
      eventId: '',
      subject: 'order.bounced',
      state: 'discarded',
      stuck: false,
      scheduleAt: new Date(1500),
      finalizedAt: new Date(1_700_000_000_000),
      attemptCount: 2,
      attemptMax: 3,
      attemptedAt: null,
      lastError: 'smtp: no',
      metadata: { customer: '42' },
      createdAt: 0,
      updatedAt: new Date(1000),
    },
  )
  t.regex(task?.eventId ?? '', /^event_[0-9a-z]{26}$/)
})

test('each part of a filter reaches find and count', async (t) => {
  const consumer = await makeConsumer(db, 'filtered')
  await makeTasks(db, consumer, ['pending', 'running'])
  await db.owner.query(
    `select test.task('filtered', 'retryable', subject => 'order.late', attempted_error => array['{"error": "timeout"}']::jsonb[])`,
  )
  const tasks = new TaskClient(db.pool)
  const filters = [
    [{}, 3],
    [{ states: ['pending', 'running'] as const }, 2],
    [{ subject: 'order.*' }, 3],
    [{ subject: 'order.late' }, 1],
    [{ metadata: { customer: '42' } }, 3],
    [{ metadata: { customer: '43' } }, 0],
    [{ error: 'time' }, 1],
    [{ createdAfter: new Date(1000) }, 3],
    [{ createdAfter: new Date(1001) }, 0],
    [{ createdBefore: new Date(1000) }, 0],
    [{ createdBefore: new Date(1001) }, 3],
    [{ fingerprint: 'timeout' }, 1],
    [{ finalizedAfter: new Date(0) }, 0],
    [{ finalizedBefore: new Date(1000) }, 0],
    [{ states: ['retryable'] as const, subject: '>', error: 'timeout' }, 1],
  ] as const
  for (const [filter, count] of filters) {
    t.is(await tasks.count(consumer, filter), count, JSON.stringify(filter))
    t.is((await tasks.find(consumer, filter)).length, count, JSON.stringify(filter))
  }
  await t.throwsAsync(tasks.count(consumer, { subject: '' }), { instanceOf: InvalidArgumentError })
})

test('errors groups failures by their fingerprint, which the filter takes', async (t) => {
  const consumer = await makeConsumer(db, 'failing')
  const { rows } = await db.owner.query<{ id: string }>(
    `select test.task('failing', 'discarded', finalized_at => 5000, attempted_error =>
       array[jsonb_build_object('at', n * 1000, 'error', 'order ' || n || ' not found')]) as id
     from generate_series(2, 3) n`,
  )
  const tasks = new TaskClient(db.pool)
  const ids = rows.map(({ id }) => id).reverse()
  const group = {
    consumerName: consumer,
    fingerprint: 'order * not found',
    tasks: 2,
    firstFailedAt: new Date(2000),
    lastFailedAt: new Date(3000),
    byState: { discarded: 2 },
    bySubject: [{ subject: 'order.created', tasks: 2 }],
    subjects: 1,
    sampleError: 'order 3 not found',
    sampleIds: ids,
    cut: false,
  }
  const filter = { fingerprint: group.fingerprint, finalizedAfter: new Date(5000), finalizedBefore: new Date(5001) }
  t.deepEqual(await tasks.errors(consumer), [group])
  t.deepEqual(await tasks.errors(consumer, filter), [group])
  t.true((await tasks.errors()).some(({ consumerName }) => consumerName === consumer))
  const since = { since: new Date(3000), until: new Date(4000) }
  t.like(await tasks.errors(consumer, {}, since), [{ tasks: 1, sampleIds: [ids[0]], cut: false }])
  t.like(await tasks.errors(consumer, {}, { maxTasks: 1 }), [{ tasks: 1, sampleIds: [ids[0]], cut: true }])
  t.like(await tasks.resumeAll(consumer, filter), { updated: 2 })
})

test('pages come one after the other, in either order, and none is empty', async (t) => {
  const consumer = await makeConsumer(db, 'paged')
  const ids = await fillTable(db, consumer, 10, ['available'])
  const tasks = new TaskClient(db.pool)
  const newestFirst = ids.toReversed()
  for (const [pageSize, oldestFirst, expected] of [
    [4, false, [newestFirst.slice(0, 4), newestFirst.slice(4, 8), newestFirst.slice(8)]],
    [5, true, [ids.slice(0, 5), ids.slice(5)]],
    [100, true, [ids]],
  ] as const) {
    const pages: string[][] = []
    for await (const page of tasks.pages(consumer, {}, { pageSize, oldestFirst })) pages.push(page.map((task) => task.eventId))
    t.deepEqual(pages, [...expected])
  }
  const some = await tasks.find(consumer, {}, { maxTasks: 2, after: ids[5] })
  t.like(some, [{ eventId: ids[4] }, { eventId: ids[3] }])
  for await (const page of tasks.pages(consumer, { states: ['completed'] })) t.fail(`${page.length} tasks`)
})

test('stats count in numbers and tell times in dates', async (t) => {
  const consumer = await makeConsumer(db, 'counted')
  await makeTasks(db, consumer, ['running', 'pending', 'pending'])
  const tasks = new TaskClient(db.pool)
  const row = { consumerName: consumer, oldest: new Date(1000), stuck: 0, held: null }
  t.deepEqual(await tasks.stats(consumer), [
    { ...row, state: 'pending', tasks: 2, nextDue: null },
    { ...row, state: 'running', tasks: 1, nextDue: new Date(1000) },
  ])
  const overall = await tasks.stats()
  t.deepEqual(
    overall.filter((stats) => stats.consumerName === consumer),
    await tasks.stats({ name: consumer }),
  )
})

test('history tells what happened, with times as Date and the operation to undo', async (t) => {
  const consumer = await makeConsumer(db, 'historical')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  const tasks = new TaskClient(db.pool)
  await tasks.cancel(consumer, [id], { reason: 'why' })
  const [operation] = await tasks.operations(consumer)
  const [made, cancelled, now] = await tasks.history({ eventId: id }, consumer)
  t.like(made, { consumerName: consumer, what: 'made', operationId: null })
  t.true(made?.at instanceof Date)
  t.like(cancelled, {
    what: 'cancel',
    detail: 'from pending to cancelled',
    reason: 'why',
    operationId: operation?.id,
    undone: false,
  })
  t.is(now?.what, 'now')
  t.deepEqual(await tasks.history('event_unknown'), [])
})

test('missed events have their metadata and a Date', async (t) => {
  const consumer = await makeConsumer(db, 'missing')
  await db.owner.query(
    `with event as (select kanthorq_stream_publish('missing_stream', 'order.created', '', '{"big": 12345678901234567890}') as id)
     update kanthorq_consumer_registry set cursor = event.id from event where name = 'missing'`,
  )
  const tasks = new TaskClient(db.pool)
  const [event, ...others] = await tasks.missed(consumer, { since: new Date(Date.now() - 60_000) })
  t.deepEqual(others, [])
  t.like(event, { subject: 'order.created', metadata: { big: '12345678901234567890' } })
  t.true(event && Date.now() - event.createdAt.getTime() < 60_000)
  t.deepEqual(await tasks.missed(consumer, { since: new Date(Date.now() + 60_000) }), [])
})

test('explain and discard agree on a stuck task', async (t) => {
  const consumer = await makeConsumer(db, 'stuck')
  const [id = '', fine = ''] = await makeTasks(db, consumer, ['running', 'running'])
  await db.owner.query(`update ${await taskTable(db, consumer)} set attempt_count = 4 where event_id = $1`, [id])
  const tasks = new TaskClient(db.pool)
  const [explained, , missing] = await tasks.explain(consumer, [id, fine, 'event_unknown'])
  t.deepEqual(explained, {
    eventId: id,
    state: 'running',
    canCancel: false,
    canResume: false,
    canDiscard: true,
    why: 'running, overdue, attempts spent (4 of 3): no worker takes it again; discard it',
    nextRunAt: null,
  })
  t.is(missing?.state, null)
  t.deepEqual(await tasks.discard(consumer, [id, fine], { reason: 'stuck' }), {
    updated: [id],
    noop: [fine],
  })
})

test('all calls go batch by batch, tell how far they are, and are logged and undone as one', async (t) => {
  const consumer = await makeConsumer(db, 'in_bulk')
  const ids = await fillTable(db, consumer, 25, ['available'])
  const tasks = new TaskClient(db.pool)
  const told: [number, string][] = []
  const onProgress = (total: number, bulkId: string) => told.push([total, bulkId])
  const filter = { subject: 'order.>' }

  await t.throwsAsync(tasks.cancelAll(consumer, {}), {
    instanceOf: InvalidArgumentError,
    message: /everything => true/,
  })
  const limit = { maxTasks: 15 }
  t.like(await tasks.preview('cancel', consumer, filter, limit), { tasks: 15, matching: 25 })
  const first = await tasks.cancelAll(consumer, filter, {
    ...limit,
    batchSize: 10,
    onProgress,
    pause: 0,
  })
  t.like(first, { updated: 15, skipped: 0 })
  const rest = { everything: true, batchSize: 4, onProgress, reason: 'all of it', pause: 0 }
  const second = await tasks.cancelAll(consumer, {}, rest)
  const [one, two] = [first.bulkId ?? '', second.bulkId ?? '']
  const undone = await tasks.undoAll(two, { reason: 'sorry', onProgress, pause: 0 })
  t.like(undone, { updated: 10, skipped: 0 })
  const three = undone.bulkId ?? ''
  t.deepEqual(told, [
    ...[10, 15].map((total) => [total, one] as [number, string]),
    ...[4, 8, 10].map((total) => [total, two] as [number, string]),
    ...[2, 6, 10].map((total) => [total, three] as [number, string]),
  ])

  const bulks = await tasks.operations(consumer, { withEventIds: false })
  t.like(bulks, [
    { id: three, action: 'undo', batches: 3, tasks: 10, reason: 'sorry', eventIds: [] },
    { id: two, bulkId: two, batches: 3, tasks: 10, reason: 'all of it', eventIds: [] },
    { id: one, bulkId: one, batches: 2, tasks: 15, reason: null, eventIds: [] },
  ])
  t.true(bulks.every(({ at, lastAt }) => at instanceof Date && lastAt > at))
  const batches = await tasks.operations(consumer, { bulkId: two, batches: true })
  t.like(batches, [{ tasks: 2 }, { tasks: 4 }, { tasks: 4 }])
  t.is((await tasks.cancelAll(consumer, filter)).updated, 10)

  const due = new Date('2100-01-01Z')
  const spread = { scheduleAt: due, spread: 25_000, batchSize: 7, pause: 0 }
  t.is((await tasks.resumeAll(consumer, { states: ['cancelled'] }, spread)).updated, 25)
  const found = await tasks.find(consumer)
  t.deepEqual(
    found.map((task) => task.scheduleAt?.getTime() ?? 0).sort((a, b) => a - b),
    ids.map((_, n) => due.getTime() + n * 1000),
  )
  const nothing = { updated: 0, skipped: 0, bulkId: null }
  t.deepEqual(await tasks.discardAll(consumer, { states: ['running'] }), nothing)
})

test('a preview has the first tasks as find returns them, and counts those that it leaves out', async (t) => {
  const consumer = await makeConsumer(db, 'previewed')
  const ids = await makeTasks(db, consumer, ['pending', 'retryable', 'running', 'pending'])
  const tasks = new TaskClient(db.pool)
  const found = await tasks.find(consumer, {}, { oldestFirst: true })
  t.deepEqual(await tasks.preview('cancel', consumer), {
    tasks: 3,
    matching: 3,
    byState: { pending: 2, retryable: 1 },
    bySubject: [{ subject: 'order.created', tasks: 3 }],
    subjects: 1,
    firstTasks: found.filter(({ eventId }) => eventId !== ids[2]),
    leftOut: { running: 1 },
  })
})

test('a signal stops an all call between two batches, and what is done stays done', async (t) => {
  const consumer = await makeConsumer(db, 'aborted')
  await fillTable(db, consumer, 30, ['available'])
  const tasks = new TaskClient(db.pool)
  const stop = new AbortController()
  const onProgress = (total: number) => {
    if (total === 20) stop.abort()
  }
  const options = { batchSize: 10, onProgress, signal: stop.signal }
  const aborted = { any: true, name: 'AbortError' } as const
  await t.throwsAsync(tasks.cancelAll(consumer, { subject: '>' }, options), aborted)
  t.is(await tasks.count(consumer, { states: ['cancelled'] }), 20)
  t.is((await tasks.cancelAll(consumer, { subject: '>' })).updated, 10)
})

for (const [what, pause, calls] of [
  ['a signal ends the default pause after a slow batch', undefined, 1],
  ['with pause 0 there is none, and a signal ends the call after the next batch', 0, 2],
] as const) {
  test(what, async (t) => {
    const stop = new AbortController()
    let made = 0
    const slow: Queryable = {
      query: async (text, values) => {
        if (!text.includes('kanthorq_task_batch')) return { rows: [{ result: values[0] }] }
        made += 1
        await setTimeout(500)
        const batch = { progress: made < 2 ? '()' : null, updated: 1, skipped: 0, total: made, bulk_id: 1 }
        return { rows: [{ result: JSON.stringify(batch) }] }
      },
    }
    const onProgress = () =>
      void setTimeout(100).then(() => {
        stop.abort()
      })
    const options = { signal: stop.signal, onProgress, pause }
    await new TaskClient(slow).cancelAll('any', {}, options).catch((error: unknown) => {
      t.is((error as Error).name, 'AbortError')
    })
    t.is(made, calls)
  })
}

test('an all call in a transaction is part of it', async (t) => {
  const consumer = await makeConsumer(db, 'transacted')
  const ids = await fillTable(db, consumer, 12, ['available'])
  const session = await openSession(t, db.pool)
  await session.query('begin')
  const options = { batchSize: 5, pause: 0 }
  const { updated } = await new TaskClient(session).cancelAll(consumer, { subject: '>' }, options)
  t.is(updated, 12)
  await session.query('rollback')
  t.deepEqual(await statesOf(db, consumer, ids), Array(12).fill('available'))
})

test('the log and undo go from one to the other, and each filter of the log reaches it', async (t) => {
  const consumer = await makeConsumer(db, 'logged')
  const ids = await makeTasks(db, consumer, ['pending', 'retryable'])
  const [first = '', second = ''] = ids
  const tasks = new TaskClient(db.pool)
  await tasks.cancel(consumer, ids, { reason: 'INC-42' })
  const [operation] = await tasks.operations(consumer)
  t.like(operation, {
    action: 'cancel',
    consumerName: consumer,
    reason: 'INC-42',
    bulkId: null,
    batches: 1,
    undoes: null,
    tasks: 2,
    fromStates: { pending: 1, retryable: 1 },
    eventIds: ids.toSorted(),
  })
  t.true(operation?.at instanceof Date)
  t.regex(operation?.id ?? '', /^\d+$/)
  t.regex(operation?.transactionId ?? '', /^\d+$/)

  t.deepEqual((await tasks.undo(operation?.id ?? '', { reason: 'sorry' })).noop, [])
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'retryable'])
  await tasks.cancel(consumer, [first])
  const [cancel, undo] = await tasks.operations(consumer)
  t.like(undo, { action: 'undo', undoes: operation?.id, reason: 'sorry' })
  const filters: [OperationsOptions, (typeof cancel)[]][] = [
    [{ eventId: second }, [undo, operation]],
    [{ action: 'cancel' }, [cancel, operation]],
    [{ reason: 'INC-42' }, [operation]],
    [{ actor: undo?.actor ?? '' }, [cancel, undo, operation]],
    [{ actor: 'nobody' }, []],
    [{ before: undo?.id ?? '' }, [operation]],
    [{ maxOperations: 1 }, [cancel]],
  ]
  for (const [filter, expected] of filters)
    t.deepEqual(await tasks.operations(consumer, filter), expected, JSON.stringify(filter))
})
