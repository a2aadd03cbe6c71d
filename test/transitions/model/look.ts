// A look at everything that the model has an opinion on: the tables of the consumers, and what is new in the log.
import { AssertionError, deepStrictEqual, ok } from 'node:assert/strict'
import type pg from 'pg'
import type { Queryable, TaskState } from 'kanthorq-tasks'
import { only } from '../../support/scene.ts'
import { eventTable } from './database.ts'
import type { Run } from './run.ts'
import type { ModelTask } from './task.ts'

export interface Look {
  /** The database's clock at the look before this one, and at this one: whatever a step did, it did in between. */
  readonly from: number
  readonly to: number
  /** By consumer, and then by event id. */
  readonly tasks: ReadonlyMap<string, ReadonlyMap<string, ModelTask>>
  /** What came into the log since the look before, the oldest first. */
  readonly log: readonly LogRow[]
}

interface LogRow {
  readonly id: string
  readonly at: number
  readonly transaction_id: string
  readonly action: string
  readonly consumer: string
  readonly reason: string | null
  readonly undoes: string | null
  readonly event_ids: readonly string[]
  readonly from_states: readonly TaskState[]
}

export async function look(run: Run): Promise<Look> {
  const session = await run.access.caller()
  const names = run.consumers.map(({ name }) => name)
  const row = only(
    await session.query<{ clock: number; tasks: Record<string, ModelTask[]>; log: LogRow[] }>(
      lookSql,
      [names, run.log.at(-1)?.id ?? 0],
    ),
  )
  const times = Object.values(row.tasks).flatMap((tasks) => tasks.map((task) => task.schedule_at))
  const seen = {
    from: run.clock,
    to: row.clock,
    tasks: new Map(
      Object.entries(row.tasks).map(([name, tasks]) => [
        name,
        new Map(tasks.map((task) => [task.event_id, task])),
      ]),
    ),
    log: row.log,
  }
  // What is due at this very millisecond is due when the next step begins, so that nobody has to guess.
  run.clock = row.clock
  while (times.includes(run.clock)) run.clock = await readClock(session)
  return seen
}

export async function readClock(session: Queryable | pg.Pool): Promise<number> {
  return only(await session.query<{ clock: number }>(`select ${clockSql} as clock`)).clock
}

const clockSql = 'floor(extract(epoch from clock_timestamp()) * 1000)::float8'

const lookSql = `
  select ${clockSql} as clock,
    (
      select jsonb_object_agg(name, (select coalesce(jsonb_agg(t), '[]') from test.tasks(name) t))
      from unnest($1::text[]) name
    ) as tasks,
    (
      select coalesce(jsonb_agg(o order by (o ->> 'id')::bigint), '[]')
      from test.read(format($$
        select id::text, extract(epoch from at) * 1000 as at, transaction_id::text, action, consumer, reason,
          undoes::text, event_ids,
          array(
            select s.name from unnest(from_state) with ordinality f (code, n)
            join _kanthorq_task_states() s on s.code = f.code order by f.n
          ) as from_states
        from kanthorq_task_operation where id > %s
      $$, $2::bigint)) o
    ) as log`

/** The database and the model are the same: all columns of all tasks, and what has come into the log. */
export function agree(run: Run, seen: Look): void {
  const { log, consumers } = run
  const unseen = log.filter(({ id }) => id === '')
  same(
    seen.log.map((row) => ({
      ...without(row, 'id', 'transaction_id', 'event_ids', 'from_states'),
      tasks: byId(row.event_ids.map((id, n) => [id, row.from_states[n]])),
    })),
    unseen.map((operation) => ({
      ...without(operation, 'id', 'changes'),
      tasks: byId(operation.changes.map(({ before }) => [before.event_id, before.state])),
    })),
    'the log explains what the step changed',
  )
  for (const [n, operation] of unseen.entries()) {
    const row = seen.log[n]
    ok(row)
    plausible(seen, row.at)
    operation.id = row.id
    // The log has its tasks in an order of its own.
    const positions = new Map(row.event_ids.map((id, position) => [id, position]))
    const position = ({ before: { event_id: id } }: (typeof operation.changes)[number]) =>
      positions.get(id) ?? 0
    operation.changes = operation.changes.toSorted((a, b) => position(a) - position(b))
  }
  for (const { name, tasks } of consumers) {
    same(
      byId([...(seen.tasks.get(name) ?? [])]),
      byId([...tasks]),
      `the tasks of ${name} are what they should be`,
    )
  }
}

/** The events are still those that were published. */
export async function agreeOnEvents({ access, db, events }: Run): Promise<void> {
  const session = await access.owner()
  const table = await eventTable(db)
  const { rows } = await session.query(`select id, subject, metadata from ${table} order by id`)
  same(rows, events, 'the events are those that were published')
}

/** Fails unless the time is one at which the step can have been made. Some of KanthorQ's are rounded, to the next one. */
export function plausible({ from, to }: Pick<Look, 'from' | 'to'>, time: number): number {
  ok(time >= from && time <= to + 1, `${time} is not between ${from} and ${to}`)
  return time
}

/** @throws Error that says what is not as expected, and shows the difference */
export function same(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected)
  } catch (error) {
    if (error instanceof AssertionError) error.message = `${what}: ${error.message}`
    throw error
  }
}

export function without<Row extends object, Key extends keyof Row>(
  row: Row,
  ...columns: readonly Key[]
): Omit<Row, Key> {
  const rest = { ...row }
  for (const column of columns) Reflect.deleteProperty(rest, column)
  return rest
}

function byId<Value>(entries: [string, Value][]): [string, Value][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}
