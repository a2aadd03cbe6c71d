// The database behind a run: three consumers of one stream, and the sessions by which the run comes to them.
import pg from 'pg'
import type { Queryable } from 'kanthorq-tasks'
import type { TestDatabase } from '../../support/database.ts'
import { only, taskTable } from '../../support/scene.ts'
import type { ModelConsumer } from './task.ts'

export const stream = 'orders'

/** As KanthorQ leaves them, only the first with an index of its own; and one that a person has seen to. */
const kinds = [
  { name: 'with_index', hasIndex: true, visibilityTimeout: 60_000 },
  { name: 'without_index', hasIndex: false, visibilityTimeout: 300_000 },
  { name: 'partitioned', hasIndex: true, visibilityTimeout: 3_600_000 },
] as const

export async function registerConsumers(db: TestDatabase): Promise<void> {
  for (const { name, visibilityTimeout } of kinds) {
    await call(db.owner, 'kanthorq_consumer_register', {
      stream,
      name,
      subject_includes: ['>'],
      visibility_timeout: visibilityTimeout,
    })
  }
  await db.owner.query(`drop index ${await taskTable(db, 'without_index')}_scheduling`)
  await db.owner.query("select test.partition('partitioned', 2)")
}

/** The name of the table that holds the events, ready for SQL text. */
export async function eventTable(db: TestDatabase): Promise<string> {
  const found = await db.owner.query<{ name: string }>(
    `select format('%I', 'kanthorq_' || id) as name from kanthorq_stream_registry where name = $1`,
    [stream],
  )
  return only(found).name
}

/** Takes all events and tasks away, empties the log, and gives each consumer so many attempts. */
export async function startAfresh(
  db: TestDatabase,
  attemptMax: readonly number[],
): Promise<ModelConsumer[]> {
  const tables = await Promise.all(kinds.map(({ name }) => taskTable(db, name)))
  tables.push(await eventTable(db), 'kanthorq_task_operation')
  await db.owner.query(`truncate ${tables.join(', ')}`)
  await db.owner.query(
    `update kanthorq_consumer_registry r set attempt_max = a.attempt_max
     from unnest($1::text[], $2::smallint[]) a (name, attempt_max) where r.name = a.name`,
    [kinds.map(({ name }) => name), attemptMax],
  )
  return kinds.map((kind, n) => ({ ...kind, attemptMax: attemptMax[n] ?? 1, tasks: new Map() }))
}

/** The two sides from which a run comes to the database. */
export interface Access {
  /** Whether all of the run is one transaction. */
  readonly inTransaction: boolean
  /** The session for the calls that are tested. */
  readonly caller: () => Promise<Queryable>
  /** The session for what the owner of everything does: KanthorQ, and whoever sets the scene. */
  readonly owner: () => Promise<Queryable>
  readonly close: () => Promise<void>
}

/** Two sessions, each call committed. */
export async function openSessions(db: TestDatabase): Promise<Access> {
  const [caller, owner] = [await db.pool.connect(), await db.owner.connect()]
  return {
    inTransaction: false,
    caller: () => Promise.resolve(caller),
    owner: () => Promise.resolve(owner),
    close: () => {
      caller.release()
      owner.release()
      return Promise.resolve()
    },
  }
}

/** One session and one transaction, which is rolled back in the end. It takes the role of the caller for what is tested. */
export async function openTransaction(db: TestDatabase): Promise<Access> {
  const session = await db.owner.connect()
  const [role = '', owner] = [db.url, db.ownerUrl].map((url) => new URL(url).username)
  let isCaller = false
  const become = async (caller: boolean) => {
    if (caller !== isCaller && role !== owner)
      await session.query(caller ? `set local role ${pg.escapeIdentifier(role)}` : 'reset role')
    isCaller = caller
    return session
  }
  await session.query('begin')
  return {
    inTransaction: true,
    caller: () => become(true),
    owner: () => become(false),
    close: async () => {
      await session.query('rollback')
      session.release()
    },
  }
}

/**
 * Calls a function by its named arguments; what is undefined is left out.
 *
 * @param alias - a name for the only column, where the function gives it none
 */
export async function call<Row extends pg.QueryResultRow>(
  session: Queryable | pg.Pool,
  name: string,
  args: Readonly<Record<string, unknown>>,
  alias?: string,
): Promise<Row[]> {
  const { list, values } = named(args)
  const columns = alias === undefined ? '' : `as r (${alias})`
  return (await session.query<Row>(`select * from ${name}(${list}) ${columns}`, values)).rows
}

/** CALLs a procedure, likewise. */
export async function callProcedure(
  session: Queryable,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { list, values } = named(args)
  const { rows } = await session.query<{ updated: string }>(`call ${name}(${list})`, values)
  return Number(rows[0]?.updated)
}

function named(args: Readonly<Record<string, unknown>>) {
  const given = Object.entries(args).filter(([, value]) => value !== undefined)
  return {
    list: given.map(([key], index) => `${key} => $${index + 1}`).join(', '),
    values: given.map(([, value]) => value),
  }
}

/**
 * The SQLSTATE of a call that fails; undefined if it doesn't. A transaction goes on after it, as it was before.
 */
export async function sqlstateOf(
  { inTransaction }: Access,
  session: Queryable,
  attempt: () => Promise<unknown>,
): Promise<string | undefined> {
  if (inTransaction) await session.query('savepoint attempt')
  try {
    await attempt()
    return undefined
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code
    throw error
  } finally {
    if (inTransaction) await session.query('rollback to attempt')
  }
}
