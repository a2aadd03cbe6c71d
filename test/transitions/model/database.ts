// The database behind a run: three consumers, a look at all that the model describes, and the calls.
import { deepStrictEqual } from 'node:assert/strict'
import type pg from 'pg'
import type { TestDatabase } from '../../support/database.ts'
import { only, taskTable } from '../../support/scene.ts'
import type { Consumer, Task } from './model.ts'

/** With the index that only KanthorQ's first consumer gets, without it, and in partitions. */
export const names = ['with_index', 'without_index', 'partitioned'] as const

export async function registerConsumers(db: TestDatabase): Promise<void> {
  for (const name of names) await db.owner.query('select test.consumer($1)', [name])
  await db.owner.query(`drop index ${await taskTable(db, 'without_index')}_scheduling`)
  await db.owner.query("select test.partition('partitioned', 2)")
}

/** A row of the log. */
export interface LogRow {
  readonly id: string
  readonly action: string
  readonly consumer_name: string
  readonly reason: string | null
  readonly undoes: string | null
  readonly bulk_id: string | null
  readonly event_ids: readonly string[]
}

/** What there is after a call, and when the call was made at the earliest and at the latest. */
export interface Look {
  readonly from: number
  readonly to: number
  /** By the name of the consumer, then by event id. */
  readonly tasks: ReadonlyMap<string, ReadonlyMap<string, Task>>
  /** What is new in the log, the oldest first. */
  readonly log: readonly LogRow[]
}

type Arguments = Readonly<Record<string, unknown>>

/** All calls are made in one session, which may have the rights of an operator only. */
export class Database {
  /** Later than all that happened before. */
  clock = 0
  /** The newest operation that was seen. */
  #last = 0n

  constructor(readonly session: pg.ClientBase) {}

  /** Empties the tables, sets the cursors back, and how many attempts each consumer allows. */
  async start(attemptMax: readonly number[]): Promise<void> {
    for (const [n, name] of names.entries()) {
      await this.#asOwner(
        `do $$ begin execute format('truncate %s, %I', test.task_table('${name}'), ${streamSql(name)}); end $$`,
      )
      const most = attemptMax[n] ?? 1
      await this.#asOwner(`update kanthorq_consumer_registry set attempt_max = ${most}, cursor = '' where name = '${name}'`)
    }
    await this.look()
  }

  /** Writes events of these ids as KanthorQ's publishers do, also behind the cursor. */
  async publish(name: string, events: readonly object[]): Promise<void> {
    await this.#asOwner(
      `do $do$ begin
         execute format('insert into %I (id, subject, body, metadata, created_at)
           select id, subject, body, metadata, 1000 from jsonb_to_recordset(%L) e (id text, subject text, body bytea, metadata jsonb)',
           ${streamSql(name)}, '${JSON.stringify(events)}');
       end $do$`,
    )
  }

  async look(): Promise<Look> {
    const columns = 'id, action, consumer_name, reason, undoes, bulk_id, event_ids'
    const args = { each_batch: true }
    const log = await this.call<LogRow>('kanthorq_task_operations', args, columns)
    const { rows } = await this.session.query<{ clock: number; name: string; tasks: Task[] }>(
      `select ${clock} as clock, name, (select coalesce(jsonb_agg(t), '[]') from test.tasks(name) t) as tasks
       from unnest($1::text[]) name`,
      [names],
    )
    const look = {
      from: this.clock,
      to: rows[0]?.clock ?? NaN,
      tasks: new Map(rows.map(({ name, tasks }) => [name, new Map(tasks.map((task) => [task.event_id, task]))])),
      log: log.filter(({ id }) => BigInt(id) > this.#last).reverse(),
    }
    this.#last = BigInt(log[0]?.id ?? this.#last)
    while (this.clock <= look.to) {
      const tick = await this.session.query<{ now: number }>(`select ${clock} as now`)
      this.clock = only(tick).now
    }
    return look
  }

  /** Calls a function by its named arguments, or a procedure; what is undefined is left out. */
  async call<Row extends pg.QueryResultRow>(name: string, args: Arguments, columns?: string) {
    const given = Object.entries(args).filter(([, value]) => value !== undefined)
    const list = given.map(([key], n) => `${key} => $${n + 1}`).join(', ')
    const verb = columns === undefined ? 'call' : `select ${columns} from`
    const values = given.map(([, value]) => value)
    return (await this.session.query<Row>(`${verb} ${name}(${list})`, values)).rows
  }

  /** Writes tasks as they are, past all our functions, as KanthorQ does. */
  async put({ name }: Consumer, tasks: readonly Task[]): Promise<void> {
    const columns = Object.keys(tasks[0] ?? {})
    if (columns.length === 0) return
    const sql = 'select test.task_table($1)::text as table'
    const { table } = only(await this.session.query<{ table: string }>(sql, [name]))
    await this.#asOwner(
      `insert into ${table} (${columns.join()})
       select ${columns.join()}
       from jsonb_array_elements($$${JSON.stringify(tasks)}$$) t,
         jsonb_populate_record(
           null::${table}, t || jsonb_build_object('state', _kanthorq_task_state(t ->> 'state'))
         )
       on conflict (event_id) do update
       set ${columns.map((column) => `${column} = excluded.${column}`).join()}`,
    )
  }

  #asOwner(statement: string): Promise<unknown> {
    return this.session.query('select test.as_owner($1)', [statement])
  }
}

/** The name of the table of a consumer's events. */
function streamSql(consumer: string): string {
  return `(select 'kanthorq_' || stream_id from kanthorq_consumer_registry where name = '${consumer}')`
}

const clock = 'floor(extract(epoch from clock_timestamp()) * 1000)::float8'

export function same(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected)
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
  }
}
