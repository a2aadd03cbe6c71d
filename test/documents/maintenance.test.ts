// The maintenance scripts, through psql, on what KanthorQ left behind.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import { useServer } from '../support/empty-database.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const server = useServer(test)

async function useKanthorq(t: ExecutionContext) {
  const { url, client } = await server.emptyDatabase(t)
  await client.query(readFileSync(join(projectFolder, 'test/fixtures/kanthorq-go.sql'), 'utf8'))
  await migrate({ database: url })
  return {
    /** Runs a script of examples/maintenance with these variables. */
    run: async (script: string, variables: Record<string, string>) => {
      const set = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`])
      const file = `examples/maintenance/${script}.sql`
      const outcome = await runProgram('psql', [url, '-X', '-A', '-t', ...set, '-f', file])
      t.is(outcome.code, 0, outcome.stderr)
      return outcome.stdout.trim().split('\n')
    },
    /** How many tasks stand in each state. */
    states: async () => {
      const { rows } = await client.query<{ states: Record<string, number> }>(
        "select jsonb_object_agg(state, tasks) as states from public.kanthorq_task_stats('send_email')",
      )
      return rows[0]?.states
    },
    client,
  }
}

const before = {
  cancelled: 3,
  discarded: 3,
  pending: 3,
  available: 3,
  running: 8,
  completed: 6,
  retryable: 2,
}

test('cancel-older-than cancels what waits for too long, and takes a subject', async (t) => {
  const { run, states } = await useKanthorq(t)
  t.deepEqual(await run('cancel-older-than', { consumer: 'send_email', age: '100 years' }), ['0'])
  t.deepEqual(await states(), before)
  const parked = { consumer: 'send_email', age: '1 second', subject: 'order.parked' }
  t.deepEqual(await run('cancel-older-than', parked), ['3'])
  t.deepEqual(await run('cancel-older-than', { consumer: 'send_email', age: '1 second' }), ['5'])
  t.deepEqual(await states(), { cancelled: 11, discarded: 3, running: 8, completed: 6 })
})

test('resume-failed resumes what failed with an error, spread over a time', async (t) => {
  const { run, client } = await useKanthorq(t)
  const variables = { consumer: 'send_email', error: 'mailbox unavailable', spread: '3 hours' }
  t.deepEqual(await run('resume-failed', variables), ['3', '3'])
  const { rows } = await client.query<{ hours: number[] }>(
    `select array_agg(round(extract(epoch from t.schedule_at - o.at) / 3600)::integer order by t.schedule_at) as hours
     from public.kanthorq_task_operations('send_email') o
     join public.kanthorq_task_find('send_email', states => '{running}', error => 'mailbox') t on true`,
  )
  t.deepEqual(rows[0]?.hours, [0, 1, 2])
  t.deepEqual(await run('resume-failed', variables), ['0', '0'])
})

test('free-stuck discards the stuck tasks, and resumes them on request', async (t) => {
  const discarding = await useKanthorq(t)
  t.deepEqual(await discarding.run('free-stuck', { consumer: 'send_email' }), ['6'])
  t.deepEqual(await discarding.states(), { ...before, running: 2, discarded: 9 })

  const resuming = await useKanthorq(t)
  t.deepEqual(await resuming.run('free-stuck', { consumer: 'send_email', resume: 'yes' }), [
    '6',
    '1|6',
  ])
  t.deepEqual(await resuming.states(), before)
  const { rows } = await resuming.client.query(
    "select from public.kanthorq_task_find('send_email') where stuck",
  )
  t.is(rows.length, 0)
})

test('weekly-report tells where tasks stand, what was done, what failed, and what is wrong', async (t) => {
  const { run } = await useKanthorq(t)
  await run('free-stuck', { consumer: 'send_email' })
  const report = await run('weekly-report', {})
  t.true(report.some((line) => /^send_email\|discard\|stuck\|.*\|1\|6$/.test(line)))
  t.true(report.some((line) => line.startsWith('send_email|discarded|9|')))
  t.true(report.some((line) => line.startsWith('send_email|smtp: mailbox unavailable|3|event_')))
  t.true(report.some((line) => line.startsWith('no scheduling index|warning|')))
})

test('schedule prints what it would schedule where there is no pg_cron', async (t) => {
  const { run, client } = await useKanthorq(t)
  const lines = await run('schedule', { consumer: 'send_email' })
  t.deepEqual(lines, [
    "*/10 * * * *   call kanthorq_task_discard_all('send_email', everything => true, reason => 'stuck')",
    "0 4 * * *      select kanthorq_task_operation_purge(now() - interval '90 days')",
  ])
  await client.query('set search_path = public')
  for (const line of lines) await client.query(line.replace(/^\S+ \S+ \S+ \S+ \S+ +/, ''))
})
