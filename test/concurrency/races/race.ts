import type pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
import { callProcedure } from '../../support/bulk.ts'
import type { TestDatabase } from '../../support/database.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { makeConsumer, makeTasks, only, taskTable } from '../../support/scene.ts'
import { claim } from '../../support/worker.ts'
import type { Balance, Call, Move, Operation } from './balance.ts'

/** What all who take part in a race share. */
interface Race {
  readonly db: TestDatabase
  readonly consumer: string
  /** Of the operators' transactions. KanthorQ's workers always have PostgreSQL's default. */
  readonly isolation: string
  /** The tasks that are fought over. */
  readonly ids: string[]
  readonly goesOn: () => boolean
  readonly calls: Call[]
  /** How many sessions waited for a lock, each time that somebody looked. */
  readonly waiting: number[]
  /** How often a call could not be serialized. */
  retries: number
}

export interface Outcome extends Balance, Pick<Race, 'waiting' | 'retries'> {
  /** What ended it before its time: there should be none. */
  readonly failures: readonly string[]
}

const attemptMax = 3
const firstStates = ['pending', 'available', 'running', 'retryable', 'discarded'] as const

/**
 * Has four workers, four operators, and two operators in bulk at the same 200 tasks, until these have made so many calls.
 *
 * The seed determines what each of them chooses of what it finds, but not who comes first: that is the race.
 */
export async function runRace(
  db: TestDatabase,
  { isolation, calls, seed }: { isolation: string; calls: number; seed: number },
): Promise<Outcome> {
  const consumer = await makeConsumer(db, isolation.replace(' ', '_'), attemptMax)
  // Minus a day: whatever a worker has taken, the next may take at once. So some get stuck within milliseconds.
  await db.owner.query('update kanthorq_consumer_registry set visibility_timeout = -86400000 where name = $1', [consumer])
  const ids = await makeTasks(db, consumer, Array(40).fill(firstStates).flat())
  const table = await taskTable(db, consumer)
  await db.owner.query(journalSql(table))
  const failures: string[] = []
  const made: Call[] = []
  const goesOn = () => made.length < calls && failures.length === 0
  const race: Race = { db, consumer, isolation, ids, goesOn, calls: made, waiting: [], retries: 0 }
  // A bulk operator sets its isolation as the session's default, which PgBouncer would pass on to others.
  const bulkPool = isolation === 'read committed' ? db.pool : db.sessions
  const parts = [
    ...Array.from({ length: 4 }, () => ({ run: work, pool: db.owner })),
    ...Array.from({ length: 4 }, () => ({ run: operate, pool: db.pool })),
    ...Array.from({ length: 2 }, () => ({ run: operateInBulk, pool: bulkPool })),
  ]
  await Promise.all(
    parts.map(async ({ run, pool }, n) => {
      const session = await pool.connect()
      try {
        await run(race, session, seededRandom(seed + n), `${run.name} ${n}`)
      } catch (error) {
        failures.push(`${run.name} ${n}: ${String(error)}`)
      } finally {
        session.release(true)
      }
    }),
  )
  const { rows: journal } = await db.owner.query<Move>(
    `select event_id as id, transaction::text, before, after from test.journal
     where consumer = $1 order by n`,
    [table],
  )
  const { rows: log } = await db.owner.query<Operation>(
    `select id, transaction_id::text as transaction, action, reason, undoes, event_ids
     from kanthorq_task_operations($1, max_operations => 1000000, each_batch => true)`,
    [consumer],
  )
  return { ...race, attemptMax, failures, journal, log }
}

/** Has a trigger write down each update that is committed, but for those that make a new task. */
function journalSql(table: string): string {
  return `
    create table if not exists test.journal (
      n bigserial, consumer text, event_id text, transaction xid8, before jsonb, after jsonb
    );
    create or replace function test.note() returns trigger language plpgsql security definer as $$
    begin
      insert into test.journal (consumer, event_id, transaction, before, after)
      select tg_argv[0], new.event_id, pg_current_xact_id(),
        to_jsonb(old) || jsonb_build_object('state', b.name), to_jsonb(new) || jsonb_build_object('state', a.name)
      from public._kanthorq_task_states() b, public._kanthorq_task_states() a
      where b.code = old.state and a.code = new.state;
      return null;
    end $$;
    create trigger note after update on ${table}
    for each row when (old.created_at = new.created_at) execute function test.note('${table}')`
}

/**
 * Does what KanthorQ's workers do: takes tasks by one of the two pullers, and acknowledges some of them, one by one. The
 * others it leaves running, like a worker that died. Now and then it dies before it commits.
 */
async function work({ db, consumer, ids, goesOn }: Race, session: pg.PoolClient, random: Random) {
  const inTransaction = async <T>(statement: () => Promise<T>): Promise<T | undefined> => {
    await session.query('begin')
    const result = await statement()
    const end = random.oneOf(10) ? 'rollback' : 'commit'
    await session.query(end)
    return end === 'commit' ? result : undefined
  }
  const complete = `update ${await taskTable(db, consumer)}
    set state = _kanthorq_task_state('completed'), finalized_at = $2
    where event_id = $1 and state = _kanthorq_task_state('running')`
  while (goesOn()) {
    const from = random.pick(['retryable', 'running'] as const)
    const claimed = await inTransaction(() => claim(db, consumer, from, session))
    for (const id of random.some(claimed ?? [], 10)) {
      if (random.oneOf(6)) {
        const done = await inTransaction(() => session.query(complete, [id, Date.now()]))
        // Nobody can move it again, so a new one takes its place.
        const fresh = [random.pick(firstStates)]
        if (done?.rowCount === 1) ids.splice(ids.indexOf(id), 1, ...(await makeTasks(db, consumer, fresh)))
      } else await inTransaction(() => session.query('select test.fail($1, $2)', [consumer, id]))
    }
  }
}

/** Moves tasks, and undoes what somebody did, each in a transaction that now and then is rolled back. */
async function operate(race: Race, session: pg.PoolClient, random: Random, name: string) {
  const { consumer, ids, isolation } = race
  const tasks = new TaskClient(session)
  for (let n = 1; race.goesOn(); n++) {
    const reason = `${name}, call ${n}`
    const operations = random.oneOf(4) ? await tasks.operations(consumer, { maxOperations: 40, batches: true }) : []
    // Of a bulk this undoes a batch other than the first, whose id stands for all of it as soon as there is a second.
    const single = operations.filter(
      ({ id, bulkId, reason }) => reason?.startsWith('operate ') === true || (bulkId ?? id) !== id,
    )
    const operation = single.length === 0 ? undefined : random.pick(single)
    const action = random.pick(['cancel', 'resume', 'discard'] as const)
    const asked = operation?.eventIds ?? random.some(ids, 100)
    const options = action === 'resume' ? { reason, resetAttempts: random.oneOf(2) } : { reason }
    const end = random.oneOf(10) ? 'rollback' : 'commit'
    const { updated, noop } = await untilSerialized(race, session, async () => {
      await session.query(`begin isolation level ${isolation}`)
      const result = await (operation ? tasks.undo(operation, { reason }) : tasks[action](consumer, asked, options))
      await session.query(end)
      return result
    })
    if ([...updated, ...noop].sort().join() !== asked.toSorted().join())
      throw new Error(`${reason}: it was told of other tasks than it had asked for`)
    race.calls.push({ reason, updated: end === 'commit' ? updated : [] })
  }
}

/** Makes the call again as long as its transaction can't be serialized. */
async function untilSerialized<T>(race: Race, session: pg.PoolClient, call: () => Promise<T>) {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      await session.query('rollback')
      if (!isSerializationFailure(error)) throw error
      race.retries += 1
    }
  }
}

/** Calls the procedures that commit each batch, and looks between the calls how many sessions wait for a lock. */
async function operateInBulk(race: Race, session: pg.PoolClient, random: Random, name: string) {
  if (race.isolation !== 'read committed') await session.query(`set default_transaction_isolation to '${race.isolation}'`)
  for (let n = 1; race.goesOn(); n++) {
    const reason = `${name}, call ${n}`
    const action = random.pick(['cancel', 'resume', 'discard', 'undo'])
    const resets = action === 'resume' ? ', reset_attempts => true' : ''
    try {
      const operations = await new TaskClient(session).operations(race.consumer)
      const bulk = operations.find(({ batches }) => batches > 1)
      if (action === 'undo' && bulk === undefined) continue
      const call =
        action === 'undo'
          ? `kanthorq_task_undo_all(${bulk?.id ?? ''}, '${reason}')`
          : `kanthorq_task_${action}_all('${race.consumer}', everything => true, batch_size => 10, max_tasks => 50, reason => '${reason}'${resets})`
      const { updated } = await callProcedure(session, call)
      race.calls.push({ reason, updated })
    } catch (error) {
      // The other one may have undone the bulk.
      if (!isSerializationFailure(error) && !hasCode(error, 'KQ004')) throw error
      race.calls.push({ reason })
      if (isSerializationFailure(error)) race.retries += 1
    }
    race.waiting.push(only(await session.query<{ waiting: number }>(waitingSessions)).waiting)
    const { failed, grouped } = only(await session.query<{ failed: string; grouped: string }>(failures, [race.consumer]))
    if (grouped !== failed) throw new Error(`${failed} tasks have an error, but the groups have ${grouped}`)
  }
}

/** One statement, which sees the tasks as they were at one time. */
const failures = `
  select (select coalesce(sum(tasks), 0) from kanthorq_task_errors($1)) as grouped,
    (select count(*) from kanthorq_task_find($1, max_tasks => 1000000) where last_error is not null) as failed`

const waitingSessions = `
  select count(*)::integer as waiting
  from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where not l.granted and a.datname = current_database()`

function isSerializationFailure(error: unknown): boolean {
  return hasCode(error, '40001')
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
