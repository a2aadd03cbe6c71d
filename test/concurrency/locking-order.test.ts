// Rows are locked in the order of their ids, so that no two calls can deadlock: in whatever order the ids are given, the
// rows lie in the table, and the scheduling index has them; and whatever the planner thinks of the table.
import test from 'ava'
import type pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked, withoutWaiting } from '../support/sessions.ts'

const db = useDatabase(test)

// SQL in which # stands for the table, to be run before and after the tasks of the test are put into it.
const tables = [
  { of: 'that was never analysed' },
  { of: 'that was empty when it was analysed', before: 'analyze #' },
  {
    of: 'that had one row when it was analysed',
    before: "insert into # (event_id, subject, state) values ('event_1', 's', 2); analyze #",
  },
  { of: 'that is small', after: 'analyze #' },
  {
    of: 'that is large',
    before: filler('array[-102, -101, 0, 1, 2, 101, 102]'),
    after: 'analyze #',
  },
  { of: 'where next to all tasks are completed', before: filler('array[101]'), after: 'analyze #' },
  {
    of: 'that was full when it was emptied and analysed',
    before: `${filler('array[1]')}; delete from #; analyze #`,
  },
  { of: 'without the scheduling index', before: 'drop index #_scheduling', after: 'analyze #' },
]

// What somebody may have set for a session, a role or the whole database.
const settings = [
  '',
  'set enable_indexscan to off',
  'set enable_nestloop to off',
  'set random_page_cost to 100; set seq_page_cost to 0',
  'set cpu_operator_cost to 10',
  'set cpu_index_tuple_cost to 10; set effective_cache_size to 1',
]

// How many ids a call gets besides those of its tasks: many are looked for in another way.
const unknown = [0, 6000]

for (const [n, { of, before = '', after = '' }] of tables.entries()) {
  test.serial(`rows are locked in the order of their ids in a table ${of}`, async (t) => {
    const consumer = await makeConsumer(db, `locked_${n}`)
    const table = await taskTable(db, consumer)
    const run = (sql: string) => db.owner.query(sql.replaceAll('#', table))
    await run(withoutAutovacuum)
    await run(before)
    await run(tasksInReverse)
    await run(after)
    const holder = await openSession(t, db.owner)
    const session = await openSession(t, db.sessions)
    for (const setting of settings) {
      await session.query(`reset all; ${setting}`)
      for (const action of ['cancel', 'resume', 'discard', 'undo'] as const) {
        for (const more of unknown) {
          const meeting = { action, more, consumer, table, holder, session }
          const first29 = ids(kindFor[action], 1, 29)
          const which = `${action} with ${more} more after "${setting}"`
          t.deepEqual(await lockedBefore(meeting), first29, which)
        }
      }
    }
  })
}

interface Meeting {
  action: 'cancel' | 'resume' | 'discard' | 'undo'
  /** How many ids it gets for which there is no task. */
  more: number
  consumer: string
  table: string
  /** Who holds the task in the middle. */
  holder: pg.PoolClient
  /** Who makes the call. */
  session: pg.PoolClient
}

/** What a call has locked of its tasks by the time that it comes to the 30th, and waits there. */
async function lockedBefore({ action, more, consumer, table, holder, session }: Meeting) {
  const [holding, waiting] = [await processOf(holder), await processOf(session)]
  const kind = kindFor[action]
  const noTasks = Array.from({ length: more }, (_, n) => `event_${n}`)
  const neitherOrder = [...ids(kind, 21, 60), ...noTasks, ...ids(kind, 1, 20).reverse()]
  const tasks = new TaskClient(session)
  // What there is to undo, and is undone for good before the next meeting.
  if (action === 'undo') await tasks.cancel(consumer, neitherOrder)
  const [newest] = await tasks.operations(consumer)
  await holder.query('begin')
  await holder.query(`select from ${table} where event_id = any ($1) for update`, [
    ids(kind, 30, 30),
  ])
  await session.query('begin')

  const call =
    action === 'undo' ? tasks.undo(newest?.id ?? '') : tasks[action](consumer, neitherOrder)
  await Promise.race([withoutWaiting(call), untilBlocked(db.owner, [waiting], holding)])
  const { rows } = await db.owner.query<{ event_id: string }>(
    `select i as event_id from unnest($1::text[]) i
     where i not in (select event_id from ${table} where event_id = any ($1) for update skip locked)
       and i <> $2 order by i`,
    [ids(kind, 1, 60), ...ids(kind, 30, 30)],
  )
  await holder.query('rollback')
  await call
  await session.query('rollback')
  if (action === 'undo') await tasks.undo(newest?.id ?? '')
  return rows.map((row) => row.event_id)
}

const kindFor = { cancel: 'c', resume: 'r', discard: 'd', undo: 'c' } as const

/** The ids of tasks `from` to `to` of a kind. */
function ids(kind: 'c' | 'r' | 'd', from: number, to: number) {
  return Array.from({ length: to - from + 1 }, (_, n) => `event_${kind}${100 + from + n}`)
}

/** 60 tasks of each kind, whose states and schedule run against their ids, and whose place in the table is random. */
const tasksInReverse = `
  insert into # (event_id, subject, state, schedule_at, attempt_count)
  select format('event_%s%s', kind, 100 + n), 's', states[1 + n * cardinality(states) / 61], 1000 - n, 1000
  from generate_series(1, 60) n
  cross join (values ('c', array[102, 1, 0]), ('r', array[-101, -102]), ('d', array[2])) kinds (kind, states)
  order by md5(kind || n)`

/** A partitioned table takes no such setting: its partitions do. */
const withoutAutovacuum = `
  do $$
  declare part regclass;
  begin
    for part in
      select relid from pg_partition_tree('#') where isleaf
      union select '#'::regclass where not exists (select from pg_partition_tree('#'))
    loop
      execute format('alter table %s set (autovacuum_enabled = off)', part);
    end loop;
  end
  $$`

function filler(states: string) {
  return `
    insert into # (event_id, subject, state, schedule_at)
    select 'event_0' || lpad(n::text, 25, '0'), 's', (${states})[1 + n % cardinality(${states})], n
    from generate_series(1, 50000) n
    order by md5(n::text)`
}
