// From every released version to the newest and back, in a database that KanthorQ made, while a worker is at work in it.
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { migrate } from 'kanthorq-tasks'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'

const server = useServer(test)
const all = readMigrations().length
/** The migration that brought the functions: from there on people call them. */
const callable = 3
const dump = readFileSync(new URL('../fixtures/kanthorq-go.sql', import.meta.url), 'utf8')
const log = 'kanthorq_task_operation'

// The dump has one consumer with tasks in every state, which nothing touches here, and one without any, where the worker is.
const busy = 'kanthorq_consumer_01m8623p0a7v9cqz1f8y33h6b8'
const taskCount = 60

for (let from = 0; from < all; from++) {
  test.serial(`an upgrade from version ${from} and back disturbs nobody`, async (t) => {
    const { url, client } = await server.emptyDatabase(t)
    await (await connect(t, url)).query(dump)
    if (from > 0) await migrate({ database: url, count: from })
    await fill(client)
    const before = { rows: await rowsAtRest(client), catalog: await catalog(client) }

    const worker = repeat(await workerOf(t, url))
    const operator = from < callable ? undefined : repeat(await operatorOf(t, url))
    const everybody = [worker, ...(operator === undefined ? [] : [operator])]
    await Promise.all(everybody.map((each) => each.goOn(20)))
    t.is((await migrate({ database: url })).length, all - from)
    await Promise.all(everybody.map((each) => each.goOn(20)))
    await migrate({ database: url, direction: 'down', count: all - from })
    await Promise.all(everybody.map((each) => each.goOn(20)))
    const rounds = await Promise.all(everybody.map((each) => each.stop()))

    t.true(rounds.every((count) => count >= 60))
    t.deepEqual(await rowsAtRest(client), before.rows)
    t.like(await catalog(client), before.catalog)
  })
}

test('what an older version had logged can be undone after the upgrade', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await (await connect(t, url)).query(dump)
  await migrate({ database: url, count: callable })
  const before = await tasks(client)
  // An application's clock may be ahead of the server's.
  await client.query(
    'update kanthorq_consumer_01m8623p06qhs46608jf68m2yn set updated_at = 9000000000000 where state = 1',
  )
  const ahead = await tasks(client)
  const ids = before.map(({ event_id }) => event_id)
  await client.query("select kanthorq_task_cancel('send_email', $1)", [ids])
  await client.query("select kanthorq_task_resume('send_email', $1)", [ids])
  await migrate({ database: url })

  const { rows } = await client.query<{ id: string }>('select id from kanthorq_task_operations()')
  t.is(rows.length, 2)
  for (const { id } of rows) {
    const undone = await client.query<{ updated: string[]; noop: string[] }>(
      'select * from kanthorq_task_undo($1)',
      [id],
    )
    t.true((undone.rows[0]?.updated.length ?? 0) > 0)
    t.deepEqual(undone.rows[0]?.noop, [])
  }
  t.deepEqual(await tasks(client), ahead)
})

async function tasks(client: pg.Client) {
  const { rows } = await client.query<{ event_id: string }>(
    'select * from kanthorq_consumer_01m8623p06qhs46608jf68m2yn order by event_id',
  )
  return rows
}

/** Tasks for the worker, due and with attempts left. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(
    `insert into ${busy} (event_id, subject, state, schedule_at)
     select 'event_' || lpad(n::text, 26, '0'), 'order.created', 2, n from generate_series(1, $1::integer) n`,
    [taskCount],
  )
}

/** All rows of all tables, but for those that somebody is at work in, and the books of the migrations. */
async function rowsAtRest(client: pg.Client) {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not in ($1, $2, 'kanthorq_migrations')`,
    [busy, log],
  )
  const tables: Record<string, unknown> = {}
  for (const { name } of rows) {
    tables[name] = (await client.query(`select ctid, xmin, r.* from ${name} r order by ctid`)).rows
  }
  return tables
}

/**
 * A round of KanthorQ's worker: it takes tasks by either puller, completes one and fails the others, and finds each as it
 * left it. What is finished is made a task anew, so that the work never ends.
 */
async function workerOf(t: ExecutionContext, url: string): Promise<() => Promise<void>> {
  const client = await connect(t, url)
  const now = 'extract(epoch from clock_timestamp()) * 1000'
  const left = new Map<string, number>()
  let turn = 0
  return async () => {
    turn += 1
    const { rows } = await client.query<{ event_id: string; attempt_count: number }>(
      `with ready as (
         select event_id from ${busy} where state = $1 and attempt_count <= 16 and schedule_at < ${now}
         order by state, schedule_at limit 5 for update skip locked
       )
       update ${busy} t
       set state = 2, attempt_count = attempt_count + 1, attempted_at = ${now}, schedule_at = ${now}
       from ready where t.event_id = ready.event_id returning t.event_id, t.attempt_count`,
      [turn % 2 === 0 ? 2 : 102],
    )
    for (const [n, { event_id, attempt_count }] of rows.entries()) {
      t.is(attempt_count, (left.get(event_id) ?? 0) + 1, 'a task was moved by somebody else')
      const done = n === 0
      const { rowCount } = await client.query(
        done
          ? `update ${busy} set state = 101, finalized_at = ${now} where event_id = $1 and state = 2`
          : `update ${busy} set state = 102 where event_id = $1 and state = 2`,
        [event_id],
      )
      t.is(rowCount, 1, 'a task was moved by somebody else')
      left.set(event_id, attempt_count)
      if (done || attempt_count > 10) {
        await client.query(
          `update ${busy} set state = 2, attempt_count = 0, finalized_at = 0 where event_id = $1`,
          [event_id],
        )
        left.set(event_id, 0)
      }
    }
    const { rows: counted } = await client.query<{ count: string }>(`select count(*) from ${busy}`)
    t.deepEqual(counted, [{ count: String(taskCount) }])
  }
}

/**
 * A round of somebody who uses the functions, on tasks that are cancelled before and after. A call that is under way when
 * the functions change may look for one that is gone; then it has done nothing, and the next one works.
 */
async function operatorOf(t: ExecutionContext, url: string): Promise<() => Promise<void>> {
  const client = await connect(t, url)
  const { rows } = await client.query<{ id: string }>(
    `select event_id as id from kanthorq_task_find('send_email', states => '{cancelled}')`,
  )
  const ids = rows.map(({ id }) => id)
  let failures = 0
  return async () => {
    await client.query('begin')
    try {
      const resumed = await client.query("select * from kanthorq_task_resume('send_email', $1)", [
        ids,
      ])
      t.deepEqual(resumed.rows, [{ updated: ids, noop: [] }])
      await client.query("select * from kanthorq_task_count('send_email', states => '{running}')")
    } catch (error) {
      failures += 1
      t.true(functionIsGone.includes((error as pg.DatabaseError).code ?? ''), String(error))
      t.true(failures <= 2, 'once on the way up, and once on the way back')
    } finally {
      await client.query('rollback')
    }
  }
}

/** Not found; or found, and gone before it could be read. */
const functionIsGone = ['42883', 'XX000']

/** Does something over and over, from now on until told to stop. */
function repeat(round: () => Promise<void>) {
  let rounds = 0
  const stopping = new AbortController()
  const ended = (async () => {
    for (; !stopping.signal.aborted; rounds++) await round()
  })()
  return {
    /** Waits until it has been done so many times more. Fails when it does. */
    async goOn(times: number) {
      const enough = rounds + times
      while (rounds < enough) await Promise.race([ended, setTimeout(5)])
    },
    /** Says how many times it was done. */
    async stop() {
      stopping.abort()
      await ended
      return rounds
    },
  }
}
