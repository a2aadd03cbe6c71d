import type pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import type { TestDatabase } from './database.ts'

/** A task as it stands in its table, but for the name of the state. Times are epoch milliseconds; 0 is "not yet". */
export interface StoredTask {
  event_id: string
  state: TaskState
  schedule_at: number
  finalized_at: number
  attempt_count: number
  attempted_error: { error: string }[]
  metadata: Record<string, unknown>
  updated_at: number
}

/** Registers a consumer of a stream of its own. Each test takes another name: those of a file share a database. */
export async function makeConsumer(db: TestDatabase, name: string, attemptMax = 3) {
  await db.owner.query('select test.consumer($1, $2)', [name, attemptMax])
  return name
}

/** Publishes an event for each of the states and makes a task of it that is in that state. Returns the event ids. */
export async function makeTasks(db: TestDatabase, consumer: string, states: readonly TaskState[]) {
  const { rows } = await db.owner.query<{ id: string }>(
    'select test.task($1, s.state) as id from unnest($2::text[]) with ordinality s (state, n) order by s.n',
    [consumer, states],
  )
  return rows.map((row) => row.id)
}

/** Writes `count` tasks straight into the consumer's table, in a heap order that is not that of their ids. */
export async function fillTable(db: TestDatabase, consumer: string, count: number, states: readonly TaskState[]) {
  const { rows } = await db.owner.query<{ event_id: string }>(
    `insert into ${await taskTable(db, consumer)} (event_id, subject, state)
     select 'event_' || lpad(n::text, 26, '0'), 'order.created', s.code
     from generate_series(1, $1::integer) n
     join unnest($2::text[]) with ordinality i (state, position) on i.position = 1 + n % cardinality($2)
     join _kanthorq_task_states() s on s.name = i.state
     order by md5(n::text)
     returning event_id`,
    [count, states],
  )
  return rows.map((row) => row.event_id).sort()
}

/** The name of the table that holds the consumer's tasks, ready for SQL text. */
export async function taskTable(db: TestDatabase, consumer: string) {
  return only(await db.owner.query<{ name: string }>('select test.task_table($1)::text as name', [consumer])).name
}

/** All tasks of the consumer, by event id. */
export async function storedTasks(db: TestDatabase, consumer: string) {
  const { rows } = await db.owner.query<StoredTask>(
    `select event_id, state, schedule_at::float8, finalized_at::float8, attempt_count,
       to_jsonb(attempted_error) as attempted_error, metadata, updated_at::float8
     from test.tasks($1)`,
    [consumer],
  )
  return new Map(rows.map((task) => [task.event_id, task]))
}

/** The states of these tasks, in this order. */
export async function statesOf(db: TestDatabase, consumer: string, ids: readonly string[]) {
  const tasks = await storedTasks(db, consumer)
  return ids.map((id) => tasks.get(id)?.state)
}

/** The only row of a result that has one. */
export function only<Row extends pg.QueryResultRow>(result: pg.QueryResult<Row>): Row {
  const [row, ...rest] = result.rows
  if (row === undefined || rest.length > 0) throw new Error(`${result.rows.length} rows, not one`)
  return row
}
