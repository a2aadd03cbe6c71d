// Installing and taking back in a database that KanthorQ made, while a worker is at work in it.
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { migrate } from 'kanthorq-tasks'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { dump } from '../support/kanthorq-dump.ts'

const server = useServer(test)
const count = readMigrations().length

// The dump has one consumer with tasks in every state, which nothing touches here, and one without any, where the worker is.
const busy = 'kanthorq_consumer_01m8623p0a7v9cqz1f8y33h6b8'
const taskCount = 60

test('installing, and taking it back, disturbs no worker and changes nothing of KanthorQ', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await (await connect(t, url)).query(dump)
  await fill(client)
  const before = { rows: await rowsAtRest(client), catalog: await catalog(client) }

  const worker = repeat(await workerOf(t, url))
  await worker.goOn(20)
  t.is((await migrate({ database: url })).length, count)
  await worker.goOn(20)
  await migrate({ database: url, direction: 'down', count })
  await worker.goOn(20)

  t.true((await worker.stop()) >= 60)
  t.deepEqual(await rowsAtRest(client), before.rows)
  t.like(await catalog(client), before.catalog)
})

/** Tasks for the worker, due and with attempts left. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(
    `insert into ${busy} (event_id, subject, state, schedule_at)
     select 'event_' || lpad(n::text, 26, '0'), 'order.created', 2, n from generate_series(1, $1::integer) n`,
    [taskCount],
  )
}

/** All rows of all tables, but for those that somebody is at work in, and the migrations table. */
async function rowsAtRest(client: pg.Client) {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not in ($1, 'kanthorq_migrations')`,
    [busy],
  )
  const tables: Record<string, unknown> = {}
  for (const { name } of rows) {
    tables[name] = (await client.query(`select ctid, xmin, r.* from ${name} r order by ctid`)).rows
  }
  return tables
}

/**
 * A round of KanthorQ's worker: it takes tasks by either puller, completes one, fails the others, and finds each as it left it.
 * A finished task starts again, so that the work never ends.
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
