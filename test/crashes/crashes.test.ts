// A call that is killed has happened as a whole or not at all: each task is as the log says, what a client was told is still
// there, and another call does the rest.
//
// These tests terminate sessions, kill one server process (PostgreSQL then ends all others and recovers), or kill the whole
// server. They do not imitate a power cut: unsynced writes survive in the cache of the operating system.
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import { callProcedure, untilProcess } from '../support/bulk.ts'
import type { TestDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { seededRandom, seedOf, type Random } from '../support/random.ts'
import { fillTable, makeConsumer, only, statesOf, taskTable } from '../support/scene.ts'
import { processOf, untilBlocked } from '../support/sessions.ts'
import { createTemplate } from '../support/template.ts'
import { until, untilConnected } from '../support/until.ts'

const batchSize = 10
const commitLock = 7

let server: KillableServer
const db = {} as TestDatabase

test.before(async () => {
  server = await startKillableServer()
  const { url } = await createTemplate(server.url)
  const owner = new pg.Pool({ connectionString: url })
  // Sessions that the server's end takes with it may say so at any time; nobody but their own test listens.
  owner.on('error', () => undefined)
  owner.on('connect', (session) => session.on('error', () => undefined))
  // Each transaction that writes to the log takes a lock when it commits, which a test can hold.
  await owner.query(
    `create function test.wait_in_commit() returns trigger language plpgsql as
       $$ begin perform pg_advisory_xact_lock_shared(${commitLock}); return null; end $$;
     create constraint trigger wait_in_commit after insert on kanthorq_task_operation
       deferrable initially deferred for each row execute function test.wait_in_commit()`,
  )
  Object.assign(db, { ownerUrl: url, url, owner, pool: owner, sessions: owner })
})

test.after.always(async () => {
  await db.owner.end()
  await server.stop()
})

/** What is called, and the two states between which each operation moves a task. */
const kinds = {
  cancel_all: ['available', 'cancelled'],
  resume_all: ['discarded', 'running'],
  discard_all: ['running', 'discarded'],
  /** Two sessions cancel tasks of the same consumer by id, and undo each other's operations. */
  by_id: ['pending', 'cancelled'],
} as const satisfies Record<string, readonly [TaskState, TaskState]>

interface Field {
  kind: keyof typeof kinds
  consumer: string
  ids: string[]
}

/** A session that calls again and again until it is stopped. */
interface Job {
  field: Field
  /** Its application_name, by which the log knows it. */
  name: string
  pid: number
  /** How many tasks each of its committed operations moved, as far as it was told. */
  told: number[]
  ended: Promise<Error>
}

const ways: Record<string, (jobs: readonly Pick<Job, 'pid'>[], random: Random) => Promise<unknown>> = {
  'sessions are terminated': (jobs) =>
    db.owner.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [jobs.map(({ pid }) => pid)]),
  'a server process is killed': (jobs, random) => {
    process.kill(random.pick(jobs).pid, 'SIGKILL')
    return Promise.resolve()
  },
  'the whole server is killed': async () => {
    await server.kill()
    await server.start()
  },
}

/** What another session holds, so that all jobs wait for it. */
const moments: Record<string, string | undefined> = {
  'while all wait for the log': 'lock table kanthorq_task_operation in share mode',
  'in the commit': `select pg_advisory_xact_lock(${commitLock})`,
  'at any moment': undefined,
}

let rounds = 0

for (const [what, stop] of Object.entries(ways)) {
  for (const [when, lock] of Object.entries(moments)) {
    test.serial(`where ${what} ${when}, tasks and log agree`, async (t) => {
      const seed = seedOf(t)
      const count = lock === undefined ? times(6) : 1
      for (let n = 0; n < count; n++) await round(t, stop, lock, seed + n)
    })
  }
}

for (const [what, stop] of Object.entries(ways)) {
  test.serial(`where ${what} in the commit of a hold and of a purge, nothing of them is left`, async (t) => {
    const random = seededRandom(seedOf(t))
    const calls = [
      { name: `held_${rounds}`, sql: 'select kanthorq_consumer_hold($1) as done' },
      {
        name: `purged_${rounds++}`,
        sql: "select purged = 20 as done from kanthorq_task_purge_batch($1, now(), '{completed}')",
      },
    ]
    for (const { name } of calls) {
      await fillTable(db, await makeConsumer(db, name), 20, ['completed'])
      await db.owner.query('update kanthorq_consumer_registry set cursor = $2 where name = $1', [
        name,
        `event_${'9'.repeat(26)}`,
      ])
      await db.owner.query(`update ${await taskTable(db, name)} set finalized_at = 5000`)
    }
    const before = await Promise.all(calls.map(({ name }) => kept(name)))

    const holder = await db.owner.connect()
    await holder.query('begin')
    await holder.query(`select pg_advisory_xact_lock(${commitLock})`)
    const jobs = await Promise.all(
      calls.map(async ({ name, sql }) => {
        const session = new pg.Client({ connectionString: db.url })
        session.on('error', () => undefined)
        await session.connect()
        const pid = await processOf(session)
        const ended = session.query(sql, [name]).then(
          () => 'it was told that it has happened',
          (error: unknown) => String(error),
        )
        void ended.then(() => session.end())
        return { pid, ended }
      }),
    )
    const pids = jobs.map(({ pid }) => pid)
    await untilBlocked(db.owner, pids)
    await stop(jobs, random)
    for (const { ended } of jobs) t.regex(await ended, lostConnection)
    await untilConnected(db.url)
    holder.release(true)
    for (const pid of pids) await untilProcess(db.owner, pid, 'gone')
    t.deepEqual(await Promise.all(calls.map(({ name }) => kept(name))), before)

    for (const { name, sql } of calls) t.true(only(await db.owner.query<{ done: boolean }>(sql, [name])).done)
    const after = { ...before[0], logged: ['hold'], held: true, triggers: 2, cursor: `event_${'z'.repeat(26)}` }
    t.deepEqual(await kept(calls[0]?.name ?? ''), after)
    t.deepEqual(await kept(calls[1]?.name ?? ''), { ...before[1], tasks: 0, logged: ['purge'] })
  })
}

/** What a hold and a purge change. */
async function kept(consumer: string): Promise<object> {
  const table = await taskTable(db, consumer)
  return only(
    await db.owner.query<object>(
      `select r.cursor, (select count(*)::integer from ${table}) as tasks,
         exists (select from kanthorq_consumer_hold h where h.consumer_id = r.id) as held,
         (select count(*)::integer from pg_trigger where tgrelid = $2::regclass) as triggers,
         array(select action from kanthorq_task_operation where consumer = $1 order by id) as logged
       from kanthorq_consumer_registry r where r.name = $1`,
      [consumer, table],
    ),
  )
}

/** Starts the jobs, stops them all at a moment, checks what is left, and has the rest done. */
async function round(t: ExecutionContext, stop: (typeof ways)[string], lock: string | undefined, seed: number): Promise<void> {
  // Each round may take as long as a whole file may be silent.
  t.timeout(180_000)
  const random = seededRandom(seed)
  const name = `round_${rounds++}`
  const fields = await Promise.all((Object.keys(kinds) as Field['kind'][]).map((kind) => makeField(kind, `${name}_${kind}`)))
  // The pauses leave time to take the lock before the last batch.
  const pause = lock === undefined ? '0' : '200 milliseconds'
  const jobs = await Promise.all(
    fields
      .flatMap((field) => (field.kind === 'by_id' ? [field, field] : [field]))
      .map((field, n) => startJob(field, `${name} ${n}`, pause, seededRandom(seed + n))),
  )
  const toldOf = async (enough: (told: number[]) => boolean) => {
    const isEnough = () => Promise.resolve(enough(jobs.map(({ told }) => told.length)))
    const failed = jobs.map(async ({ ended }) => {
      throw await ended
    })
    await Promise.race([until(isEnough, 'the jobs do nothing'), ...failed])
  }

  const holder = await db.owner.connect()
  if (lock === undefined) {
    const operations = below(80, random)
    await toldOf((told) => told.reduce((sum, count) => sum + count) >= operations)
    await setTimeout(below(40, random))
  } else {
    await toldOf((told) => told.every((count) => count > 0))
    await holder.query('begin')
    await holder.query(lock)
    const pids = jobs.map(({ pid }) => pid)
    await untilBlocked(db.owner, pids)
  }
  await stop(jobs, random)
  for (const { ended } of jobs) t.regex(String(await ended), lostConnection)
  await untilConnected(db.url)
  holder.release(true)

  for (const { pid, name, told } of jobs) {
    await untilProcess(db.owner, pid, 'gone')
    const done = await logged('application_name', name)
    t.deepEqual(done.slice(0, told.length), told, name)
    // A job that was stopped while it waited has done nothing that it was not told of.
    t.true(done.length - told.length <= (lock === undefined ? 1 : 0), name)
  }
  for (const field of fields) await checkAndComplete(t, field)
}

const lostConnection =
  /terminating connection due to administrator command|Connection terminated unexpectedly|not queryable|ECONNRESET|EPIPE/

async function makeField(kind: Field['kind'], name: string): Promise<Field> {
  const consumer = await makeConsumer(db, name)
  const ids = await fillTable(db, consumer, 200, [kinds[kind][0]])
  // So that discard takes them.
  const table = await taskTable(db, consumer)
  await db.owner.query(`update ${table} set attempt_count = 4, schedule_at = 1000`)
  return { kind, consumer, ids }
}

async function startJob(field: Field, name: string, pause: string, random: Random): Promise<Job> {
  const session = new pg.Client({ connectionString: db.url, application_name: name })
  session.on('error', () => undefined)
  await session.connect()
  const pid = await processOf(session)
  const told: number[] = []
  const work = async (): Promise<never> => {
    if (field.kind !== 'by_id') {
      session.on('notice', ({ message = '' }) => {
        const [, total] = /: (\d+)(?: of \d+)? tasks so far$/.exec(message) ?? []
        const before = told.reduce((sum, count) => sum + count, 0)
        if (total !== undefined) told.push(Number(total) - before)
      })
      await callProcedure(session, procedure(field, pause))
      await session.query('select pg_sleep(3600)')
    }
    for (;;) {
      const moved = await moveSome(session, field, random)
      if (moved > 0) told.push(moved)
    }
  }
  const ended = work().catch((error: unknown) => error as Error)
  void ended.then(() => session.end())
  return { field, name, pid, told, ended }
}

function procedure({ kind, consumer }: Field, pause: string): string {
  return `kanthorq_task_${kind}('${consumer}', everything => true, batch_size => ${batchSize}, pause => '${pause}')`
}

/** Cancels some tasks, in any order, or undoes the last operation on the consumer. */
async function moveSome(session: pg.ClientBase, { consumer, ids }: Field, random: Random): Promise<number> {
  const [sql, ...values] = random.pick([true, false])
    ? ['select * from kanthorq_task_cancel($1, $2)', consumer, random.some(ids, 50)]
    : [
        `select u.* from (select max(id) as id from kanthorq_task_operation where consumer = $1) last,
           kanthorq_task_undo(last.id) u where last.id is not null`,
        consumer,
      ]
  const { rows } = await session.query<{ updated: string[] }>(sql, values)
  return rows[0]?.updated.length ?? 0
}

/** How many tasks each operation of a session, or on a consumer, moved, in the order in which they were made. */
async function logged(column: 'application_name' | 'consumer', value: string): Promise<number[]> {
  const { rows } = await db.owner.query<{ tasks: number }>(
    `select tasks from kanthorq_task_operation where ${column} = $1 order by id`,
    [value],
  )
  return rows.map(({ tasks }) => tasks)
}

/** Checks that tasks and log agree, calls once more, and checks that all tasks are moved. */
async function checkAndComplete(t: ExecutionContext, field: Field): Promise<void> {
  const { kind, consumer, ids } = field
  t.deepEqual(await disagreements(field), [], consumer)
  const session = await db.owner.connect()
  if (kind === 'by_id') await session.query('select kanthorq_task_cancel($1, $2)', [consumer, ids])
  else await callProcedure(session, procedure(field, '0'))
  session.release()
  t.deepEqual(await disagreements(field), [], consumer)
  t.deepEqual(await statesOf(db, consumer, ids), Array(ids.length).fill(kinds[kind][1]), consumer)
  if (kind !== 'by_id') t.deepEqual(await logged('consumer', consumer), Array(ids.length / batchSize).fill(batchSize))
}

/**
 * The tasks that are not as the log says. Each operation on a task moves it from one of two states to the other, and one
 * transaction writes both the task and the log.
 */
async function disagreements({ kind, consumer }: Field): Promise<unknown[]> {
  const [from, to] = kinds[kind]
  const { rows } = await db.owner.query<object>(
    `with history as (
       select event_id, count(*) as operations, (array_agg(o.xmin::text order by o.id desc))[1] as writer
       from kanthorq_task_operation o, unnest(o.changes) where o.consumer = $1 group by event_id
     )
     select * from history full join ${await taskTable(db, consumer)} t using (event_id)
     where t.state is distinct from
         _kanthorq_task_state(case when coalesce(operations, 0) % 2 = 0 then $2 else $3 end)
       or t.xmin::text <> writer
     limit 10`,
    [consumer, from, to],
  )
  return rows
}

function below(limit: number, random: Random): number {
  return random.pick([...Array(limit).keys()])
}
