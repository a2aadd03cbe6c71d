// Whatever dies under load, the books balance: each event is completed once in the end, and no task is held for longer than its lease.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { TaskWorker } from 'kanthorq-tasks/worker'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import type { TestDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { findPgBouncer, startPgBouncer, through } from '../support/pgbouncer.ts'
import { projectFolder } from '../support/run-program.ts'
import { makeConsumer, only, taskTable } from '../support/scene.ts'
import { createTemplate } from '../support/template.ts'
import { until, untilConnected } from '../support/until.ts'
import { makeFast, publish, settled } from '../worker/scene.ts'

/** The shortest that KanthorQ allows, nearly. */
const lease = 1100
const events = 1000

let server: KillableServer
const db = {} as TestDatabase

test.before(async () => {
  server = await startKillableServer()
  const { url } = await createTemplate(server.url)
  const owner = new pg.Pool({ connectionString: url })
  owner.on('error', () => undefined)
  owner.on('connect', (session) => session.on('error', () => undefined))
  // The books: each completion, and each lease that was made longer than the pull or the heartbeat may make it.
  await owner.query(`
    create table test.book (consumer text, event_id text, what text);
    create function test.enter() returns trigger language plpgsql as $$
    begin
      if new.state = 101 then
        insert into test.book values (tg_argv[0], new.event_id, 'completed');
      elsif new.state = 2 and new.schedule_at > coalesce(old.schedule_at, 0) and new.schedule_at > extract(epoch from clock_timestamp()) * 1000 + ${lease}
        + 1100 * greatest(new.attempt_count - 1, 0) ^ 4 then
        insert into test.book values (tg_argv[0], new.event_id, 'held for too long');
      end if;
      return null;
    end $$`)
  Object.assign(db, { ownerUrl: url, url, owner, pool: owner, sessions: owner })
})

test.after.always(async () => {
  await db.owner.end()
  await server.stop()
})

interface Scene {
  t: ExecutionContext
  consumer: string
  /** Starts a worker under load. Its pool has no listener: the loss of a connection must not end the process. */
  work: (url?: string) => Promise<TaskWorker>
  /** Starts one in a process of its own, and waits until it is under load. */
  fork: (clock?: 'jumping') => Promise<ChildProcess>
}

/** What happens while workers are at work. A worker that lives is left to do the rest. */
const harms: Record<string, (scene: Scene) => Promise<unknown>> = {
  async 'the server is killed and started again'({ work }) {
    const worker = await work()
    await server.kill()
    await until(() => Promise.resolve(worker.metrics().errors > 0), 'it does not notice')
    await server.start()
    await untilConnected(db.url)
  },

  async 'connections are cut again and again'({ consumer, work }) {
    const worker = await work()
    const cut = 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1'
    await until(async () => {
      await db.owner.query(cut, [consumer])
      return worker.metrics().errors >= 3
    }, 'no call is hit')
  },

  async 'the processes of workers are killed'({ t, consumer, work, fork }) {
    for (const child of [await fork(), await fork()]) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const sql = `select from ${await taskTable(db, consumer)} where state = 2`
    t.true(((await db.owner.query(sql)).rowCount ?? 0) > 0, 'the dead have left tasks')
    await work()
  },

  async 'workers stop and others start'({ t, consumer, work }) {
    for (let n = 0; n < 3; n++) {
      const worker = await work()
      await worker.stop({ timeout: 0 })
      t.is(await heldTasks(consumer), 0, 'it gives back what it holds')
    }
    await work()
  },

  async 'the clock of the worker jumps'({ consumer, fork }) {
    const child = await fork('jumping')
    let last = { completed: 0, lost: 0 }
    child.on('message', (message) => (last = message as typeof last))
    await settled(db, consumer, events)
    await until(() => Promise.resolve(last.completed === events && last.lost === 0), 'it has lost tasks')
    child.kill('SIGKILL')
  },

  // It is the same for the server to be ahead, and for a due time to be behind.
  async 'the clock of the server jumps ahead'({ consumer, work }) {
    await work()
    await until(() => moveTimes(consumer, -3_600_000), 'no task is held')
  },

  async 'the clock of the server jumps back'({ consumer, work }) {
    await work()
    await until(() => moveTimes(consumer, 3_600_000), 'no task is held')
  },
}

if (findPgBouncer() === undefined) {
  test('a restart of PgBouncer', (t) => {
    t.log('not tried: PgBouncer is not installed')
    t.pass()
  })
} else {
  harms['PgBouncer is restarted'] = async ({ t, work }) => {
    const { folder, restart, stop } = await startPgBouncer(db.url)
    t.teardown(stop)
    const worker = await work(through(db.url, folder))
    await restart()
    await until(() => Promise.resolve(worker.metrics().errors > 0), 'it does not notice')
  }
}

let rounds = 0

for (const [what, harm] of Object.entries(harms)) {
  test.serial(`where ${what}, each event is completed once, and nothing is held beyond its lease`, async (t) => {
    const count = times(5)
    t.timeout(count * 60_000)
    for (let n = 1; n <= count; n++) {
      await round(t, harm)
      t.log(`${n} of ${count}`)
    }
  })
}

async function round(t: ExecutionContext, harm: (typeof harms)[string]): Promise<void> {
  const consumer = await makeConsumer(db, `round_${rounds++}`)
  await makeFast(db, consumer, lease)
  const table = await taskTable(db, consumer)
  await db.owner.query(
    `create trigger enter after insert or update on ${table} for each row execute function test.enter('${consumer}')`,
  )
  await publish(db, consumer, events)

  const workers: TaskWorker[] = []
  const pools: pg.Pool[] = []
  const work = async (url = db.url) => {
    const pool = new pg.Pool({ connectionString: url, application_name: consumer })
    pools.push(pool)
    const options = { concurrency: 5, prefetch: 20, grace: 0 }
    const worker = new TaskWorker(pool, consumer, () => sleep(5), options).on('error', () => undefined)
    workers.push(worker)
    await worker.start()
    await until(() => Promise.resolve(worker.metrics().completed >= 50), 'it completes nothing')
    return worker
  }
  const forkWorker = async (clock?: string) => {
    const child = fork(join(projectFolder, 'test/crashes/worker-process.ts'), [consumer, clock ?? ''], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, DATABASE_URL: db.url },
    })
    t.teardown(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the process has ended')))
    await Promise.race([once(child, 'message'), ended])
    ended.catch(() => undefined)
    return child
  }
  await harm({ t, consumer, work, fork: forkWorker })
  await settled(db, consumer, events)
  for (const worker of workers) await worker.stop()
  // Nobody listens to them any more, and another round harms their connections.
  for (const pool of pools) await pool.end()

  const { rows } = await db.owner.query(
    `select what, count(*)::integer as times, count(distinct event_id)::integer as events from test.book
     where consumer = $1 group by what`,
    [consumer],
  )
  t.deepEqual(rows, [{ what: 'completed', times: events, events }])
}

/** How many tasks no worker may take, because one has them. */
async function heldTasks(consumer: string): Promise<number> {
  const sql = `select count(*)::integer as tasks from ${await taskTable(db, consumer)}
    where state = 2 and schedule_at > extract(epoch from clock_timestamp()) * 1000`
  return only(await db.owner.query<{ tasks: number }>(sql)).tasks
}

/** Moves the due times of all tasks that wait for theirs, past the books. Returns whether there are any. */
async function moveTimes(consumer: string, milliseconds: number): Promise<boolean> {
  const session = await db.owner.connect()
  try {
    await session.query('set session_replication_role to replica')
    const sql = `update ${await taskTable(db, consumer)} set schedule_at = schedule_at + ${milliseconds} where state in (2, 102)`
    return ((await session.query(sql)).rowCount ?? 0) > 0
  } finally {
    session.release(true)
  }
}
