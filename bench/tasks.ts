import { availableParallelism } from 'node:os'
import pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'

/** What a consumer's table is filled with. */
export interface Filling {
  consumer: string
  tasks: number
  /** The states that tasks are in, by turns. */
  states: readonly TaskState[]
  /** How many partitions by the hash of the event id; none by default. */
  partitions?: number
}

/** The subjects of tasks, by turns after each turn of the states. A quarter of all tasks in a state matches `email.*`. */
const subjects = ['email.receipt', 'order.created', 'order.paid', 'order.shipped']

const finished: ReadonlySet<TaskState> = new Set(['discarded', 'cancelled', 'completed'])

/** The tasks are made ten a second, from here on. */
const epoch = 1_750_000_000_000
const interval = 100

/** When the n-th task was made, counted from 0. */
export function createdAt(n: number): Date {
  return new Date(epoch + n * interval)
}

/** The same in SQL, and the id of the n-th task's event, which sorts by that time. */
const functions = `
  create schema if not exists bench;
  create or replace function bench.created_at(n bigint) returns bigint immutable language sql
    as $$ select ${epoch} + n * ${interval} $$;
  create or replace function bench.event_id(n bigint) returns text immutable language sql
    as $$ select 'event_' || lpad(to_hex(bench.created_at(n)), 10, '0') || substr(md5(n::text), 1, 16) $$`

/** A consumer's table, full of tasks. Vacuuming is left to whoever uses it, so that none falls into what is timed. */
export class Tasks {
  readonly #pool: pg.Pool
  readonly filling: Filling
  /** The name of the table. */
  readonly table: string
  /** The code of each state. */
  readonly codes: Readonly<Record<TaskState, number>>

  constructor(pool: pg.Pool, filling: Filling, found: Pick<Tasks, 'table' | 'codes'>) {
    this.#pool = pool
    this.filling = filling
    this.table = found.table
    this.codes = found.codes
  }

  get consumer(): string {
    return this.filling.consumer
  }

  /** Event ids of `count` tasks that are in this state, each another, in random order. */
  async pick(count: number, state: TaskState = 'available'): Promise<string[]> {
    const { tasks, states } = this.filling
    const there = Math.floor(tasks / states.length) * states.filter((each) => each === state).length
    if (count > there) throw new Error(`${this.consumer} has ${there} ${state} tasks: use a larger --scale`)
    const numbers = pickNumbers(count, tasks, (n) => states[n % states.length] === state)
    const { rows } = await this.#pool.query<{ id: string }>(
      'select bench.event_id(n) as id from unnest($1::bigint[]) with ordinality u (n, position) order by position',
      [numbers],
    )
    return rows.map(({ id }) => id)
  }

  /** Makes the tasks what they were when the table was filled, vacuums it, and empties the log. */
  async putBack(ids: readonly string[], state: TaskState = 'available'): Promise<void> {
    const finalizedAt = finished.has(state) ? 'created_at' : '0'
    await this.#pool.query(
      `update ${this.table} set state = $2, finalized_at = ${finalizedAt}, schedule_at = created_at, attempt_count = 1,
         attempted_at = 0, updated_at = created_at
       where event_id = any ($1)`,
      [ids, this.codes[state]],
    )
    await this.#pool.query(`vacuum ${this.table}`)
    await this.#pool.query('truncate kanthorq_task_operation')
  }
}

/** Random numbers below `below` that `fits` accepts, each another. */
export function pickNumbers(count: number, below: number, fits: (n: number) => boolean = () => true): number[] {
  const numbers = new Set<number>()
  while (numbers.size < count) {
    const n = Math.floor(Math.random() * below)
    if (fits(n)) numbers.add(n)
  }
  return [...numbers]
}

/** The tasks of a consumer that is there already. */
export async function findTasks(pool: pg.Pool, filling: Filling): Promise<Tasks> {
  const { rows } = await pool.query<Pick<Tasks, 'table' | 'codes'>>(
    `select 'kanthorq_' || id as table, (select json_object_agg(name, code) from _kanthorq_task_states()) as codes
     from kanthorq_consumer_registry where name = $1`,
    [filling.consumer],
  )
  if (rows[0] === undefined) throw new Error(`there is no consumer ${filling.consumer}`)
  return new Tasks(pool, filling, rows[0])
}

/** Registers the consumer and fills its table: the rows first, from as many sessions as there are cores, then the indexes. */
export async function fillTasks(pool: pg.Pool, filling: Filling): Promise<Tasks> {
  await pool.query(functions)
  await createTable(pool, filling)
  const tasks = await findTasks(pool, filling)
  const sessions = Math.min(availableParallelism(), 8)
  const share = Math.ceil(filling.tasks / sessions)
  const insert = (session: number) =>
    pool.query(insertSql(tasks), [
      session * share,
      Math.min((session + 1) * share, filling.tasks) - 1,
      filling.states.map((state) => tasks.codes[state]),
      subjects,
    ])
  await Promise.all(Array.from({ length: sessions }, (_, session) => insert(session)))
  await pool.query(`alter table ${tasks.table} add primary key (event_id)`)
  await pool.query(`create index on ${tasks.table} (state, schedule_at, event_id)`)
  await pool.query(`vacuum (analyze) ${tasks.table}`)
  return tasks
}

/** Gives the stream the events of the tasks, and each consumer the cursor at the end of its own. */
export async function fillEvents(pool: pg.Pool, consumers: readonly Tasks[]): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(`select id from kanthorq_stream_registry where name = 'bench'`)
  const count = Math.max(...consumers.map(({ filling }) => filling.tasks))
  await pool.query(
    `insert into kanthorq_${rows[0]?.id ?? ''} (id, subject, body, metadata, created_at)
     select bench.event_id(n), ($2::text[])[1 + n % cardinality($2)], '{}', '{}', bench.created_at(n)
     from generate_series(0, $1::bigint - 1) n`,
    [count, subjects],
  )
  for (const { consumer, filling } of consumers)
    await pool.query('update kanthorq_consumer_registry set cursor = bench.event_id($2) where name = $1', [
      consumer,
      filling.tasks - 1,
    ])
  await pool.query(`vacuum (analyze) kanthorq_${rows[0]?.id ?? ''}`)
}

/** The table that registering a consumer makes, but still without its key and index. */
async function createTable(pool: pg.Pool, { consumer, partitions }: Filling): Promise<void> {
  const { rows } = await pool.query<{ id: string }>("select id from kanthorq_consumer_register('bench', $1, '{>}')", [consumer])
  const table = `kanthorq_${rows[0]?.id ?? ''}`
  const byHand = 'with (autovacuum_enabled = off)'
  await pool.query(`
    create table bench.${table} (like ${table} including defaults);
    drop table ${table};
    create table ${table} (like bench.${table} including defaults)
      ${partitions === undefined ? byHand : 'partition by hash (event_id)'};
    drop table bench.${table}`)
  for (let n = 0; n < (partitions ?? 0); n++) {
    await pool.query(
      `create table ${table}_${n} partition of ${table}
       for values with (modulus ${partitions ?? 0}, remainder ${n}) ${byHand}`,
    )
  }
}

/** Finished tasks have a time of their end, failed ones an error, of which there are a thousand and some. */
function insertSql({ table, codes }: Tasks): string {
  const codesOf = (states: Iterable<TaskState>) => [...states].map((state) => codes[state]).join(', ')
  return `
    insert into ${table} (event_id, subject, state, schedule_at, finalized_at, attempt_count, attempted_error, metadata,
      created_at, updated_at)
    select bench.event_id(n), t.subject, t.state, t.at, case when t.state in (${codesOf(finished)}) then t.at else 0 end, 1,
      case when t.state in (${codesOf(['discarded', 'retryable'])})
        then array[jsonb_build_object('at', t.at, 'error', 'smtp: mailbox ' || t.some || ' is full', 'stack', '')]
        else '{}' end,
      jsonb_build_object('customer', 'c' || t.some), t.at, t.at
    from generate_series($1::bigint, $2::bigint) n
    cross join lateral (
      select bench.created_at(n) as at, ($3::smallint[])[1 + n % cardinality($3)] as state,
        ($4::text[])[1 + n / cardinality($3) % cardinality($4)] as subject, hashint8(n) & 1023 as some
    ) t`
}
