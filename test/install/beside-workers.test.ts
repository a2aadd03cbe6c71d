// Installing and taking back in a database that KanthorQ made, while a worker is at work in it.
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { migrate } from 'kanthorq-tasks/migrate'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { dump } from '../support/kanthorq-dump.ts'

const server = useServer(test)
const count = readMigrations().length

// The dump has one consumer with tasks in every state, which nothing touches here, and one without any, where the worker is.
const busy = 'kanthorq_consumer_01m8623p0a7v9cqz1f8y33h6b8'
const taskCount = 60
/** How many tasks the worker takes at a time. */
const taken = 5

test('installing, and taking it back, disturbs no worker and changes nothing of KanthorQ', async (t) => {
  const { url, client } = await server.emptyDatabase(t)
  await client.query(`${dump}; reset all`)
  await client.query(
    `insert into ${busy} (event_id, subject, state, schedule_at)
     select 'event_' || lpad(n::text, 26, '0'), 'order.created', 2, n from generate_series(1, $1::integer) n`,
    [taskCount],
  )
  const before = { rows: await rowsAtRest(client), catalog: await catalog(client) }

  const worker = startWorker(t, await connect(t, url))
  await worker.goOn(20)
  t.is((await migrate({ database: url })).length, count)
  await worker.goOn(20)
  await migrate({ database: url, direction: 'down', count })
  await worker.goOn(20)

  const attempts = (await worker.stop()) * taken
  const { rows } = await client.query(`select count(*)::integer as tasks, sum(attempt_count)::integer as attempts from ${busy}`)
  t.deepEqual(rows, [{ tasks: taskCount, attempts }], 'somebody else has moved a task')
  t.deepEqual(await rowsAtRest(client), before.rows)
  t.like(await catalog(client), before.catalog)
})

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

/** Takes the tasks that are due longest, as KanthorQ's visibility puller does, over and over until told to stop. */
function startWorker(t: ExecutionContext, client: pg.Client) {
  const now = 'extract(epoch from clock_timestamp()) * 1000'
  const take = `
    with ready as (
      select event_id from ${busy} where state = 2 and schedule_at < ${now}
      order by state, schedule_at limit ${taken} for update skip locked
    )
    update ${busy} t set attempt_count = attempt_count + 1, attempted_at = ${now}, schedule_at = ${now}
    from ready where t.event_id = ready.event_id`
  let rounds = 0
  const stopping = new AbortController()
  const ended = (async () => {
    for (; !stopping.signal.aborted; rounds++) t.is((await client.query(take)).rowCount, taken)
  })()
  return {
    /** Waits until it has done so many rounds more. Fails when the worker does. */
    async goOn(times: number) {
      const enough = rounds + times
      while (rounds < enough) await Promise.race([ended, setTimeout(5)])
    },
    /** Says how many rounds there were. */
    async stop() {
      stopping.abort()
      await ended
      return rounds
    },
  }
}
