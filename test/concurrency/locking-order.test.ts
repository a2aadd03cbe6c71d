// Rows are locked in the order of their ids, so that no two calls can deadlock: in whatever order the ids are given, the
// rows lie in the table, and an index has them; and whatever the planner thinks of the table.
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { TaskClient, type TransitionResult } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'

const db = useDatabase(test)

// SQL in which # stands for the table, to be run before and after the tasks of the test are put into it.
const tables: { of: string; before?: string; after?: string }[] = [
  { of: 'that was never analysed' },
  { of: 'that is small', after: 'analyze #' },
  {
    of: 'that is large',
    before: filler('array[-102, -101, 0, 1, 2, 101, 102]'),
    after: 'analyze #',
  },
  { of: 'where nearly all tasks are completed', before: filler('array[101]'), after: 'analyze #' },
  {
    of: 'that was full when it was emptied and analysed',
    before: `${filler('array[1]')}; delete from #; analyze #`,
  },
  { of: 'without the scheduling index', before: 'drop index #_scheduling', after: 'analyze #' },
  { of: 'in partitions', before: "select test.partition('@', 3)", after: 'analyze #' },
  { of: 'with a descending index', before: 'create index on # (event_id desc)' },
  {
    of: 'with an index by another collation',
    before: 'create index on # (event_id collate "en-x-icu", state, schedule_at, attempt_count)',
    after: 'analyze #',
  },
]

// What somebody may have set for a session, a role or the whole database.
const settings = [
  '',
  'set enable_indexscan to off',
  'set enable_nestloop to off',
  'set enable_mergejoin to off',
  'set enable_hashjoin to off',
  "set work_mem to '64kB'",
  'set random_page_cost to 100; set seq_page_cost to 0',
  'set cpu_operator_cost to 10; set cpu_index_tuple_cost to 10; set effective_cache_size to 1',
]

for (const [n, { of, before = '', after = '' }] of tables.entries()) {
  test.serial(`rows are locked in the order of their ids in a table ${of}`, async (t) => {
    const consumer = await makeConsumer(db, `locked_${n}`)
    const table = await taskTable(db, consumer)
    const run = (sql: string) =>
      db.owner.query(sql.replaceAll('#', table).replaceAll('@', consumer))
    await run(before)
    await run(tasksInDisorder)
    await run(after)
    const holder = await openSession(t, db.owner)
    const [first, second] = [await openSession(t, db.sessions), await openSession(t, db.sessions)]
    for (const [nth, setting] of settings.entries()) {
      // Ids besides those of its tasks: many are looked for in another way.
      const more = (n + nth) % 2 === 0 ? 0 : 6000
      for (const session of [first, second]) await session.query(`reset all; ${setting}`)
      for (const action of ['cancel', 'resume', 'discard', 'undo'] as const) {
        const ids = await idsFor(action, table)
        const locked = await meet(t, { action, more, consumer, table, ids, holder, first, second })
        t.deepEqual(locked, ids.slice(0, 29), `${action}, ${more} more, "${setting}"`)
      }
    }
  })
}

test('calls that lock in the order of their ids as given do deadlock', async (t) => {
  const consumer = await makeConsumer(db, 'disorderly')
  const table = await taskTable(db, consumer)
  await db.owner.query(tasksInDisorder.replaceAll('#', table))
  const ids = await idsFor('cancel', table)
  const lock = async (session: pg.PoolClient, id = '') => {
    await session.query(`select from ${table} where event_id = $1 for update`, [id])
  }
  const [forth, back] = [await openSession(t, db.owner), await openSession(t, db.owner)]
  for (const session of [forth, back]) await session.query('begin')
  await lock(forth, ids[0])
  await lock(back, ids[1])
  const outcomes = await Promise.allSettled([lock(forth, ids[1]), lock(back, ids[0])])
  const [failed, ...others] = outcomes.filter(({ status }) => status === 'rejected')
  t.like(failed, { reason: { code: '40P01' } })
  t.deepEqual(others, [])
})

interface Meeting {
  action: 'cancel' | 'resume' | 'discard' | 'undo'
  /** How many ids it gets for which there is no task. */
  more: number
  consumer: string
  table: string
  /** Of 60 tasks, in order. */
  ids: readonly string[]
  /** Holds the 30th task. */
  holder: pg.PoolClient
  /** Two that make the call for the same ids, in opposite orders, and wait for the 30th, or for each other. */
  first: pg.PoolClient
  second: pg.PoolClient
}

/** What the first call has locked of its tasks by the time that it comes to the 30th. Neither call fails. */
async function meet(
  t: ExecutionContext,
  { action, more, consumer, table, ids, holder, first, second }: Meeting,
): Promise<string[]> {
  const [holding, waiting, other] = await Promise.all([holder, first, second].map(processOf))
  const noTasks = Array.from({ length: more }, (_, n) => `event_${n}`)
  const neitherOrder = [...ids.slice(20), ...noTasks, ...ids.slice(0, 20).reverse()]
  const tasks = new TaskClient(first)
  // What there is to undo, and is undone for good before the next meeting.
  if (action === 'undo') await tasks.cancel(consumer, neitherOrder)
  const [newest] = await tasks.operations(consumer)
  const call = (session: pg.PoolClient, given: string[]): Promise<TransitionResult> =>
    action === 'undo'
      ? new TaskClient(session).undo(newest?.id ?? '')
      : new TaskClient(session)[action](consumer, given)
  await holder.query('begin')
  await holder.query(`select from ${table} where event_id = $1 for update`, [ids[29]])

  await first.query('begin')
  const one = call(first, neitherOrder)
  await Promise.race([withoutWaiting(one), untilBlocked(db.owner, [waiting ?? 0], holding)])
  const { rows } = await db.owner.query<{ event_id: string }>(
    `select event_id from ${table} where event_id = any ($1) order by event_id for update skip locked`,
    [ids],
  )
  const free = new Set(rows.map(({ event_id }) => event_id))
  await second.query('begin')
  const two = call(second, neitherOrder.toReversed())
  await Promise.race([withoutWaiting(two), untilBlocked(db.owner, [other ?? 0])])

  await holder.query('rollback')
  t.is((await one).updated.length, 60)
  await first.query('rollback')
  t.is((await two).updated.length, 60)
  await second.query('rollback')
  if (action === 'undo') await tasks.undo(newest?.id ?? '')
  return ids.filter((id, n) => !free.has(id) && n !== 29)
}

const kinds = { cancel: 'c', resume: 'r', discard: 'd', undo: 'c' } as const

/** The ids of 60 tasks that the action takes, in the order of the database. */
async function idsFor(action: keyof typeof kinds, table: string): Promise<string[]> {
  const { rows } = await db.owner.query<{ event_id: string }>(
    `select event_id from ${table} where lower(event_id) like $1 order by event_id`,
    [`event\\_${kinds[action]}%`],
  )
  return rows.map(({ event_id }) => event_id)
}

/**
 * 60 tasks for each action. Their states and schedule run against their ids, their place in the table is random, and upper
 * and lower case give them another order in another collation.
 */
const tasksInDisorder = `
  insert into # (event_id, subject, state, schedule_at, attempt_count)
  select format('event_%s%s', case when n % 2 = 0 then upper(kind) else kind end, 100 + n), 's',
    states[1 + n * cardinality(states) / 61], 1000 - n, 1000
  from generate_series(1, 60) n
  cross join (values ('c', array[102, 1, 0]), ('r', array[-101, -102]), ('d', array[2])) kinds (kind, states)
  order by md5(kind || n)`

function filler(states: string) {
  return `
    insert into # (event_id, subject, state, schedule_at)
    select 'event_0' || lpad(n::text, 25, '0'), 's', (${states})[1 + n % cardinality(${states})], n
    from generate_series(1, 50000) n
    order by md5(n::text)`
}
