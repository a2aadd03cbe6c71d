import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import { useServer } from '../support/empty-database.ts'
import { runProgram } from '../support/run-program.ts'

const server = useServer(test)

test('the story runs as an application, and nothing of its rolled back call stays', async (t) => {
  const database = await useInstalledDatabase(t)
  const env = { DATABASE_URL: database.url }
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    ['--import', 'tsx', 'examples/task-management.ts'],
    { env },
  )
  t.is(code, 0, stderr)
  t.deepEqual(await database.states(), {
    'order.parked': 'cancelled',
    'order.queued': 'cancelled',
    'order.retrying': 'cancelled',
    'order.sending': 'running',
    'order.sent': 'completed',
    'order.bounced': 'discarded',
    'order.late': 'available',
  })
  t.regex(stdout, /NotFoundError KQ001: there is no consumer 'send_mail'/)
})

test('the story runs in psql', async (t) => {
  const database = await useInstalledDatabase(t)
  const { code, stderr } = await runProgram('psql', [
    database.url,
    '-X',
    '-f',
    'examples/task-management.sql',
  ])
  t.is(code, 0, stderr)
  t.is(stderr, '')
  t.deepEqual(await database.states(), {
    'order.parked': 'cancelled',
    'order.queued': 'cancelled',
    'order.retrying': 'cancelled',
    'order.sending': 'running',
    'order.sent': 'completed',
    'order.bounced': 'discarded',
  })
})

test('the maintenance script cancels what its input names, and says so', async (t) => {
  const database = await useInstalledDatabase(t)
  const id = await database.makeTask('order.parked')
  const script = ['-X', '-v', 'consumer=send_email', '-v', "reason=the customer's wish", '-f']
  const args = [database.url, ...script, 'examples/maintenance/cancel-from-file.sql']

  const first = await runProgram('psql', args, { input: `${id}\nevent_unknown\n` })
  t.deepEqual(first, { code: 0, stdout: `${id}\n`, stderr: '1 cancelled, 1 left alone\n' })
  t.deepEqual(await database.states(), { 'order.parked': 'cancelled' })

  const again = await runProgram('psql', args, { input: `${id}\n` })
  t.deepEqual(again, { code: 0, stdout: '', stderr: '0 cancelled, 1 left alone\n' })

  const nothing = await runProgram('psql', args)
  t.deepEqual(nothing, { code: 0, stdout: '', stderr: '0 cancelled, 0 left alone\n' })

  const bad = await runProgram('psql', args, {
    input: `${await database.makeTask('order.late')}\n\n`,
  })
  t.is(bad.code, 3)
  t.regex(bad.stderr, /event_ids\[2\] is empty/)
  t.is((await database.states())['order.late'], 'pending')
})

for (const library of ['node-postgres', 'drizzle', 'kysely', 'knex']) {
  test(`the client takes part in a transaction of ${library}, when it commits and when it is rolled back`, async (t) => {
    const { url, client } = await useInstalledDatabase(t)
    const example = `examples/transactions/${library}.ts`
    t.deepEqual(
      await runProgram(process.execPath, ['--import', 'tsx', example], {
        env: { DATABASE_URL: url },
      }),
      {
        code: 0,
        stdout: [
          'order 1 is withdrawn; order.1.confirmation is cancelled, order.1.invoice is cancelled\n',
          'rolled back: an e-mail has gone out\n',
          'order 2 is open; order.2.confirmation is completed, order.2.invoice is available\n',
        ].join(''),
        stderr: '',
      },
    )
    const log = await client.query('select reason, tasks from kanthorq_task_operations()')
    t.deepEqual(log.rows, [{ reason: 'order 1 was withdrawn', tasks: 2 }])
  })
}

async function useInstalledDatabase(t: ExecutionContext) {
  const { url, client } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query(readFileSync(new URL('../support/fixtures.sql', import.meta.url), 'utf8'))
  return {
    url,
    client,
    /** Registers the example's consumer and makes a pending task; returns its event id. */
    async makeTask(subject: string): Promise<string> {
      const { rows } = await client.query<{ id: string }>(
        "select test.task(test.consumer('send_email'), 'pending', subject => $1) as id",
        [subject],
      )
      return rows[0]?.id ?? ''
    },
    /** The state of each task, by its subject. */
    async states(): Promise<Record<string, string>> {
      const { rows } = await client.query<{ states: Record<string, string> }>(
        "select coalesce(jsonb_object_agg(subject, state), '{}') as states from test.tasks('send_email')",
      )
      return rows[0]?.states ?? {}
    },
  }
}
