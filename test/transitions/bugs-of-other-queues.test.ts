// Bugs that other task queues on PostgreSQL have had, tried here. Where another test would catch one already, it is not here
// but in the list of docs/guarantees.md.
import test from 'ava'
import { InvalidArgumentError, TaskClient, type TaskFilter } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'

const db = useDatabase(test)

// GoodJob 583: the button that applied to all jobs of a search applied to all jobs.
test('an all call takes what its filter lets through, and nothing else', async (t) => {
  const tasks = new TaskClient(db.pool)
  const consumer = await makeConsumer(db, 'searched')
  const ids = await makeTasks(db, consumer, ['available', 'available', 'available', 'retryable'])
  await db.owner.query(
    `update ${await taskTable(db, consumer)} set subject = 'order.late', metadata = '{"customer": "7"}', created_at = 5000,
       attempted_error = array['{"error": "timeout"}']::jsonb[]
     where event_id = $1`,
    [ids[1]],
  )
  const filters: TaskFilter[] = [
    { subject: 'order.late' },
    { subject: '*.late' },
    { metadata: { customer: '7' } },
    { error: 'time' },
    { createdAfter: new Date(5000) },
    { states: ['available'], subject: 'order.late', error: 'timeout' },
  ]
  for (const filter of filters) {
    t.is((await tasks.cancelAll(consumer, filter)).updated, 1, JSON.stringify(filter))
    t.deepEqual(await statesOf(db, consumer, ids), [
      'available',
      'cancelled',
      'available',
      'retryable',
    ])
    const [operation] = await tasks.operations(consumer)
    await tasks.undo(operation?.id ?? '')
  }
})

// River 1031 and 1033: parameters whose values had been left out deleted all jobs.
test('a filter whose values are missing is refused, and not taken for everything', async (t) => {
  const tasks = new TaskClient(db.pool)
  const consumer = await makeConsumer(db, 'unfiltered')
  const ids = await makeTasks(db, consumer, ['available', 'discarded', 'running'])
  const missing = [
    {},
    { states: undefined },
    { subject: undefined, metadata: undefined, error: undefined },
    { createdAfter: undefined, createdBefore: undefined },
    { metadata: {} },
    { states: [] },
    { subject: '' },
    { error: '' },
  ] as TaskFilter[]
  for (const filter of missing) {
    for (const all of ['cancelAll', 'resumeAll', 'discardAll'] as const) {
      await t.throwsAsync(
        tasks[all](consumer, filter),
        { instanceOf: InvalidArgumentError },
        `${all} ${JSON.stringify(filter)}`,
      )
    }
  }
  t.deepEqual(await statesOf(db, consumer, ids), ['available', 'discarded', 'running'])
  t.deepEqual(await tasks.cancel(consumer, []), { updated: [], noop: [] })
})

// pg-boss 282: two processes that archived old jobs at the same time waited for each other. PostgreSQL lets a scan of a large
// table begin where another is, and so two of them can go through it in different orders.
test('two purges of a large log do not deadlock', async (t) => {
  t.timeout(60_000)
  // Old rows, then newer ones, then old ones again; five to a page, so that they fill more than a quarter of shared_buffers.
  await db.owner.query('alter table kanthorq_task_operation set (fillfactor = 10)')
  await db.owner.query(
    `insert into kanthorq_task_operation
       (at, action, consumer, tasks, from_states, first_event_id, last_event_id, changes)
     select now() - case when n between 0.2 and 0.7 then interval '60 days' else interval '100 days' end,
       'cancel', 'purged', 0, '{}', '', '', '{}'
     from (
       select i::float8 / count(*) over () as n
       from generate_series(1, 2 * (select setting::integer from pg_settings where name = 'shared_buffers')) i
     ) r order by n`,
  )
  const { large } = only(
    await db.owner.query<{ large: boolean }>(
      `select pg_relation_size('kanthorq_task_operation') > 8192 * setting::bigint / 4 as large
       from pg_settings where name = 'shared_buffers'`,
    ),
  )
  t.true(large)

  const [holder, first, second] = [
    await openSession(t, db.owner),
    await openSession(t, db.sessions),
    await openSession(t, db.sessions),
  ]
  const purge = (session: typeof first, days: number) =>
    session.query('select kanthorq_task_operation_purge(now() - make_interval(days => $1))', [days])
  // The first waits at the end of the newer ones. The second begins there, unless it begins where the first began.
  await holder.query(
    `begin; select from kanthorq_task_operation where id = (
       select max(id) from kanthorq_task_operation where at < now() - interval '50 days' and at > now() - interval '70 days'
     ) for update`,
  )
  const pids = [await processOf(first), await processOf(second)]
  const purges = [purge(first, 30)]
  await untilBlocked(db.owner, pids.slice(0, 1))
  purges.push(purge(second, 90))
  await untilBlocked(db.owner, pids)
  await holder.query('rollback')
  const results = await Promise.allSettled(purges)
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  )
})
