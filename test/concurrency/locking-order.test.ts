// Rows are locked in the order of their ids, so that no two calls can deadlock: in whatever order the ids are given, the
// rows lie in the table, and an index has them; and whatever the planner thinks of the table.
import test from 'ava'
import type pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
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

const kinds = { cancel: 'c', resume: 'r', discard: 'd', undo: 'c' } as const
type Action = keyof typeof kinds

for (const [n, { of, before = '', after = '' }] of tables.entries()) {
  test.serial(`rows are locked in the order of their ids in a table ${of}`, async (t) => {
    const consumer = await makeConsumer(db, `locked_${n}`)
    const table = await taskTable(db, consumer)
    for (const sql of [before, tasksInDisorder, after])
      await db.owner.query(sql.replaceAll('#', table).replaceAll('@', consumer))
    const holder = await openSession(t, db.owner)
    const session = await openSession(t, db.sessions)
    // Each setting comes with one of the tables at least.
    for (let nth = 0; nth < Math.max(times(settings.length), 2); nth++) {
      const setting = settings[(2 * n + nth) % settings.length] ?? ''
      // Ids besides those of its tasks.
      const more = nth % 2 === 0 ? 0 : 600
      await session.query(`reset all; ${setting}`)
      for (const action of Object.keys(kinds) as Action[]) {
        const ids = await idsFor(action, table)
        const locked = await lockedBy({ action, more, consumer, table, ids, holder, session })
        t.deepEqual(locked, ids.slice(0, 29), `${action}, ${more} more, "${setting}"`)
      }
    }
  })
}

test.serial('a purge locks the log in the order of its ids', async (t) => {
  const [holder, session] = [await openSession(t, db.owner), await openSession(t, db.owner)]
  const waiting = await processOf(session)
  await db.owner.query(
    `insert into kanthorq_task_operation
       (id, at, action, consumer, tasks, from_states, first_event_id, last_event_id, changes)
     overriding system value
     select -n, now() - interval '100 days', 'cancel', 'purged', 0, '{}', '', '', '{}' from generate_series(1, 60) n`,
  )
  const lock = (where: string) =>
    `select -id::integer as nth from kanthorq_task_operation where id < 0 and ${where} order by id for update skip locked`
  await holder.query(`begin; ${lock('id = -30')}`)
  const call = session.query("select kanthorq_task_operation_purge(now() - interval '90 days')")
  await Promise.race([withoutWaiting(call), untilBlocked(db.owner, [waiting])])
  const free = await db.owner.query<{ nth: number }>(lock('true'))
  await holder.query('rollback')
  await call
  const ids = free.rows.map(({ nth }) => nth)
  t.deepEqual(ids.reverse(), [...Array(30).keys()].slice(1), 'only those that come later are free')
})

interface Scene {
  action: Action
  /** How many ids the call gets for which there is no task. */
  more: number
  consumer: string
  table: string
  /** Of 60 tasks, in order. */
  ids: readonly string[]
  /** Holds the 30th task. */
  holder: pg.PoolClient
  /** Makes the call. */
  session: pg.PoolClient
}

/** What the call has locked of its tasks by the time that it waits for the 30th. */
async function lockedBy({ action, more, consumer, table, ids, holder, session }: Scene) {
  const [holding, waiting] = [await processOf(holder), await processOf(session)]
  const noTasks = Array.from({ length: more }, (_, n) => `event_${n}`)
  const given = [...ids.slice(20), ...noTasks, ...ids.slice(0, 20).reverse()]
  const tasks = new TaskClient(session)
  await session.query('begin')
  // What there is to undo.
  if (action === 'undo') {
    await tasks.cancel(consumer, given)
    await session.query('commit; begin')
  }
  const [newest = ''] = await tasks.operations(consumer)
  await holder.query('begin')
  await holder.query(`select from ${table} where event_id = $1 for update`, [ids[29]])
  const call = action === 'undo' ? tasks.undo(newest) : tasks[action](consumer, given)
  await Promise.race([withoutWaiting(call), untilBlocked(db.owner, [waiting], holding)])
  const { rows } = await db.owner.query<{ event_id: string }>(
    `select event_id from ${table} where event_id = any ($1) for update skip locked`,
    [ids],
  )
  await holder.query('rollback')
  const { updated } = await call
  // What is to be undone is undone for good, because the next call needs the tasks.
  await session.query(action === 'undo' ? 'commit' : 'rollback')
  if (updated.length !== 60) throw new Error(`${action} moved ${updated.length} tasks, not 60`)
  const free = new Set(rows.map(({ event_id }) => event_id))
  return ids.filter((id, n) => !free.has(id) && n !== 29)
}

/** The ids of 60 tasks that the action takes, in the order of the database. */
async function idsFor(action: Action, table: string): Promise<string[]> {
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
