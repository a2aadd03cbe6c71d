// What works on a hot standby, and in a session that may only read: looking. Everything that changes something is refused
// there by PostgreSQL itself, before it has done anything.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { migrate, TaskClient } from 'kanthorq-tasks'
import { connect } from '../support/empty-database.ts'
import { only } from '../support/scene.ts'
import { startPair, type Pair } from '../support/standby.ts'

const consumer = 'send_email'
const reading = [
  'doctor',
  'task_count',
  'task_explain',
  'task_find',
  'task_operations',
  'task_stats',
]
const changing: Record<string, string[]> = {
  task_cancel: [
    `select kanthorq_task_cancel('${consumer}', $ids)`,
    `select kanthorq_task_cancel('${consumer}', '{}')`,
  ],
  task_resume: [`select kanthorq_task_resume('${consumer}', $ids)`],
  task_discard: [`select kanthorq_task_discard('${consumer}', $ids)`],
  task_batch: [`select kanthorq_task_batch('cancel', '${consumer}', everything => true)`],
  task_all: [
    `call kanthorq_task_all('cancel', '${consumer}', null, '>', null, null, null, null, false, 10, null, null, null, null, false, null)`,
  ],
  task_cancel_all: [`call kanthorq_task_cancel_all('${consumer}', everything => true)`],
  task_resume_all: [`call kanthorq_task_resume_all('${consumer}', everything => true)`],
  task_discard_all: [`call kanthorq_task_discard_all('${consumer}', everything => true)`],
  task_undo: ['select kanthorq_task_undo((select max(id) from kanthorq_task_operations()))'],
  task_operation_purge: ['select kanthorq_task_operation_purge(now())'],
  stream_register: [
    "select kanthorq_stream_register('new')",
    "select kanthorq_stream_register('order_update')",
  ],
  consumer_register: [`select kanthorq_consumer_register('order_update', '${consumer}', '{>}')`],
  stream_publish: ["select kanthorq_stream_publish('order_update', 'order.created', '')"],
  task_convert: [`select kanthorq_task_convert('${consumer}', $ids)`],
  grant: ["select kanthorq_grant('viewer', 'operator')"],
  revoke: ["select kanthorq_revoke('viewer')"],
}

let pair: Pair
let ids: string[]

test.before(async () => {
  pair = await startPair()
  const client = new pg.Client(pair.primary)
  await client.connect()
  await client.query(readFileSync(new URL('../fixtures/kanthorq-go.sql', import.meta.url), 'utf8'))
  await migrate({ database: pair.primary })
  const tasks = new TaskClient(client)
  ids = (await tasks.find(consumer)).map((task) => task.eventId)
  await tasks.cancel(consumer, ids, { reason: 'for the log' })
  await client.query("create role viewer login; select public.kanthorq_grant('viewer', 'viewer')")
  await client.end()
})

test.after.always(() => pair.stop())

// One after the other, for the second changes what the first shows.

test.serial('what a standby shows is what the primary shows, to a viewer too', async (t) => {
  const viewer = (url: string) => Object.assign(new URL(url), { username: 'viewer' }).href
  const shown = await everythingShown(t, pair.primary)
  t.true(shown.tasks.length > 20 && shown.operations.length > 0 && shown.findings.length > 0)
  t.deepEqual(await everythingShown(t, pair.standby), shown)
  t.deepEqual(await everythingShown(t, viewer(pair.standby)), shown)
})

test.serial(
  'the standby shows what has been done on the primary as soon as it is done',
  async (t) => {
    const primary = new TaskClient(await connect(t, pair.primary))
    const standby = new TaskClient(await connect(t, pair.standby))
    const { updated } = await primary.resume(consumer, ids)
    t.true(updated.length > 0)
    t.deepEqual(
      (await standby.explain(consumer, updated)).map(({ state }) => state),
      updated.map(() => 'running'),
    )
  },
)

test('each function of the API is tried here', async (t) => {
  const client = await connect(t, pair.standby)
  const { names } = only(
    await client.query<{ names: string[] }>(
      `select array_agg(substr(proname, length('kanthorq_') + 1)) as names from pg_proc
       where pronamespace = 'public'::regnamespace and proname ~ '^kanthorq_'`,
    ),
  )
  t.deepEqual(names.sort(), [...reading, ...Object.keys(changing)].sort())
})

const places: Record<string, () => pg.ClientConfig> = {
  'on a standby': () => ({ connectionString: pair.standby }),
  'in a session that may only read': () => ({
    connectionString: pair.primary,
    options: '-c default_transaction_read_only=on',
  }),
}

for (const [where, config] of Object.entries(places)) {
  for (const [name, calls] of Object.entries(changing)) {
    test(`kanthorq_${name} says that it can't change anything ${where}`, async (t) => {
      const client = await connect(t, config())
      await client.query('set search_path to public')
      for (const call of calls) {
        const sql = call.replace('$ids', pg.escapeLiteral(`{${ids.join()}}`))
        await t.throwsAsync(client.query(sql), {
          code: '25006',
          message: /read-only transaction$|hot standby/,
        })
      }
    })
  }
}

/** What all functions that read have to say about the consumer. */
async function everythingShown(t: ExecutionContext, url: string) {
  const tasks = new TaskClient(await connect(t, url))
  const explanations = await tasks.explain(consumer, [...ids, 'event_unknown'])
  return {
    tasks: await tasks.find(consumer),
    stuck: await tasks.count(consumer, { states: ['running'], subject: 'order.>' }),
    // What is overdue runs now, which is another time at each look.
    explanations: explanations.map((task) => ({ ...task, nextRunAt: task.nextRunAt !== null })),
    stats: await tasks.stats(),
    operations: await tasks.operations(),
    findings: await tasks.doctor(),
  }
}
