// The programs and scripts of examples/, as their users run them.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import type pg from 'pg'
import { useServer } from '../support/empty-database.ts'
import { runProgram } from '../support/run-program.ts'
import { databaseOfKanthorq } from './database-of-kanthorq.ts'

const server = useServer(test)

const end = {
  'order.parked': 'cancelled',
  'order.queued': 'cancelled',
  'order.retrying': 'cancelled',
  'order.sending': 'running',
  'order.sent': 'completed',
  'order.bounced': 'discarded',
}

test('the story runs as an application, and its rolled back call changes nothing', async (t) => {
  const { url, states } = await used(t)
  const { code, stdout, stderr } = await runExample('task-management.ts', url)
  t.is(code, 0, stderr)
  t.deepEqual(await states('send_receipt'), { ...end, 'order.late': 'available' })
  t.regex(stdout, /NotFoundError KQ001: there is no consumer 'send_reciept'/)
})

test('the story runs in psql', async (t) => {
  const { url, states } = await used(t)
  const args = [url, '-X', '-f', 'examples/task-management.sql']
  const { code, stderr } = await runProgram('psql', args)
  t.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  t.deepEqual(await states('send_receipt'), end)
})

for (const library of ['node-postgres', 'drizzle', 'kysely', 'knex']) {
  test(`the client joins a transaction of ${library}, both on commit and on rollback`, async (t) => {
    const { url, client } = await used(t)
    t.deepEqual(await runExample(`transactions/${library}.ts`, url), {
      code: 0,
      stdout: [
        'order 1 is withdrawn; order.1.confirmation is cancelled, order.1.invoice is cancelled\n',
        'rolled back: an e-mail has been sent\n',
        'order 2 is open; order.2.confirmation is completed, order.2.invoice is available\n',
      ].join(''),
      stderr: '',
    })
    const log = await client.query('select reason, tasks::integer from kanthorq_task_operations()')
    t.deepEqual(log.rows, [{ reason: 'order 1 was withdrawn', tasks: 2 }])
  })
}

test('the outbox publishes with the order, and the worker completes with the mail', async (t) => {
  const { url } = await empty(t)
  t.deepEqual(await runExample('worker/outbox.ts', url), {
    code: 0,
    stdout: 'the card of Eve was refused\n2 tasks completed, mails to Ada and Grace\n',
    stderr: '',
  })
})

test('cancel-from-file cancels the tasks of its input and reports their number', async (t) => {
  const { url, states, makeTask } = await empty(t)
  const id = await makeTask('order.parked')
  const run = (input?: string) => runScript(url, 'cancel-from-file', { reason: "the customer's wish" }, input)

  const first = await run(`${id}\nevent_unknown\n`)
  t.deepEqual(first, { code: 0, stdout: `${id}\n`, stderr: '1 cancelled, 1 left alone\n' })
  t.deepEqual(await states(), { 'order.parked': 'cancelled' })

  const again = await run(`${id}\n`)
  t.deepEqual(again, { code: 0, stdout: '', stderr: '0 cancelled, 1 left alone\n' })
  t.deepEqual(await run(), { code: 0, stdout: '', stderr: '0 cancelled, 0 left alone\n' })

  const bad = await run(`${await makeTask('order.late')}\n\n`)
  t.is(bad.code, 3)
  t.regex(bad.stderr, /event_ids\[2\] is empty/)
  t.is((await states())['order.late'], 'pending')
})

const before = {
  cancelled: 3,
  discarded: 3,
  pending: 3,
  available: 3,
  running: 8,
  completed: 6,
  retryable: 2,
}

test('cancel-older-than cancels tasks that wait for too long, of one subject or of all', async (t) => {
  const { run, counts } = await used(t)
  t.deepEqual(await run('cancel-older-than', { age: '100 years' }), ['0|0|'])
  t.deepEqual(await counts(), before)
  const parked = { age: '1 second', subject: 'order.parked' }
  t.deepEqual(await run('cancel-older-than', parked), ['3|0|1'])
  t.deepEqual(await run('cancel-older-than', { age: '1 second' }), ['5|0|2'])
  t.deepEqual(await counts(), { cancelled: 11, discarded: 3, running: 8, completed: 6 })
})

test('resume-failed resumes the tasks that failed with an error, spread over a time', async (t) => {
  const { run, client } = await used(t)
  const variables = { error: 'mailbox unavailable', spread: '3 hours' }
  t.deepEqual(await run('resume-failed', variables), ['3', '3|0|1'])
  const { rows } = await client.query<{ hours: number[] }>(
    `select array_agg(round(extract(epoch from t.schedule_at - o.at) / 3600)::integer order by t.schedule_at) as hours
     from kanthorq_task_operations('send_email') o
     join kanthorq_task_find('send_email', states => '{running}', error => 'mailbox') t on true`,
  )
  t.deepEqual(rows[0]?.hours, [0, 1, 2])
  t.deepEqual(await run('resume-failed', variables), ['0', '0|0|'])
})

test('free-stuck discards the stuck tasks, and resumes them on request', async (t) => {
  const discarding = await used(t)
  t.deepEqual(await discarding.run('free-stuck'), ['6|0'])
  t.deepEqual(await discarding.counts(), { ...before, running: 2, discarded: 9 })

  // In two batches: a part that stops at the default limit of a list would leave tasks discarded.
  const resuming = await used(t)
  await resuming.client.query(`
    do $$ begin
      execute (
        select format(
          'insert into %I (event_id, subject, state, attempt_count, schedule_at) select ''event_'' || n, ''a'', 2, 99, 1 from generate_series(1, 1200) n',
          'kanthorq_' || id
        )
        from kanthorq_consumer_registry where name = 'send_email'
      );
    end $$`)
  t.deepEqual(await resuming.run('free-stuck', { resume: 'yes' }), ['1206|0', '1206'])
  t.deepEqual(await resuming.run('free-stuck', { resume: 'yes' }), ['0|0'])
  t.deepEqual(await resuming.counts(), { ...before, running: before.running + 1200 })
  const stuck = await resuming.client.query("select from kanthorq_task_find('send_email') where stuck")
  t.is(stuck.rows.length, 0)
})

test('weekly-report shows tasks, operations, frequent errors and problems', async (t) => {
  const { run } = await used(t)
  await run('free-stuck')
  const report = await run('weekly-report')
  for (const line of [
    /^send_email\|discard\|stuck\|.*\|1\|6$/,
    /^send_email\|discarded\|9\|/,
    /^send_email\|smtp: mailbox unavailable\|3\|event_/,
    /^no scheduling index\|warning\|/,
  ])
    t.true(
      report.some((text) => line.test(text)),
      String(line),
    )
})

test('schedule prints its jobs where pg_cron is missing', async (t) => {
  const { run, client } = await used(t)
  const lines = await run('schedule')
  t.deepEqual(lines, [
    "*/10 * * * *   call kanthorq_task_discard_all('send_email', everything => true, reason => 'stuck')",
    "0 4 * * *      select kanthorq_task_operation_purge(now() - interval '90 days')",
  ])
  for (const line of lines) await client.query(line.replace(/^\S+ \S+ \S+ \S+ \S+ +/, ''))
})

function runExample(file: string, url: string) {
  const args = ['--import', 'tsx', `examples/${file}`]
  return runProgram(process.execPath, args, { env: { DATABASE_URL: url } })
}

/** Runs a script of examples/maintenance on the consumer send_email. */
function runScript(url: string, script: string, variables: Record<string, string>, input?: string) {
  const set = Object.entries({ consumer: 'send_email', ...variables }).map(([name, value]) => `--set=${name}=${value}`)
  const file = `examples/maintenance/${script}.sql`
  return runProgram('psql', [url, '-X', '-A', '-t', ...set, '-f', file], { input: input ?? '' })
}

/** A database with our functions and no tasks. */
async function empty(t: ExecutionContext) {
  const { url, client } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query(readFileSync(new URL('../support/fixtures.sql', import.meta.url), 'utf8'))
  return {
    url,
    client,
    states: () => statesOf(client, 'send_email'),
    /** Makes a pending task; returns its event id. */
    makeTask: async (subject: string) => {
      const { rows } = await client.query<{ id: string }>(
        "select test.task(test.consumer('send_email'), 'pending', subject => $1) as id",
        [subject],
      )
      return rows[0]?.id ?? ''
    },
  }
}

/** The state of each task, by its subject. */
async function statesOf(client: pg.Client, consumer: string) {
  const { rows } = await client.query<{ states: Record<string, string> }>(
    "select coalesce(jsonb_object_agg(subject, state), '{}') as states from kanthorq_task_find($1)",
    [consumer],
  )
  return rows[0]?.states ?? {}
}

/** The database of `npm run db`, with the tasks that KanthorQ left. */
async function used(t: ExecutionContext) {
  const { url, client } = await databaseOfKanthorq(t, server)
  return {
    url,
    client,
    states: (consumer: string) => statesOf(client, consumer),
    run: async (script: string, variables: Record<string, string> = {}) => {
      const { code, stdout, stderr } = await runScript(url, script, variables)
      t.is(code, 0, stderr)
      return stdout.trim().split('\n')
    },
    /** The number of tasks in each state. */
    counts: async () => {
      const { rows } = await client.query<{ counts: Record<string, number> }>(
        "select jsonb_object_agg(state, tasks) as counts from kanthorq_task_stats('send_email')",
      )
      return rows[0]?.counts
    },
  }
}
