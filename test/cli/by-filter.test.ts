// cancel, resume and discard by a filter, without a terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test from 'ava'
import type { Operation, Task } from 'kanthorq-tasks'
import type { Preview } from '../../src/cli/transitions/preview.ts'
import { commandLine, kanthorqTasks, records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, makeTasks, statesOf, storedTasks } from '../support/scene.ts'
import { until } from '../support/until.ts'

const db = useDatabase(test)

function run(args: string[]) {
  return kanthorqTasks(args, { env: { DATABASE_URL: db.url } })
}

test('by filter, --dry-run counts by state and subject, shows the first tasks, and changes nothing', async (t) => {
  const consumer = await makeConsumer(db, 'dry_filter')
  const ids = await makeTasks(db, consumer, ['pending', 'available', 'available', 'completed'])
  const shown = await run(['cancel', consumer, '--subject', 'order.>', '--dry-run'])
  t.like(shown, { code: 0, stderr: '' })
  const [head, ...rest] = shown.stdout.split('\n')
  t.is(head, 'cancel would take 3 tasks of dry_filter: 1 pending, 2 available')
  t.regex(
    rest.join('\n'),
    /^\nTASKS {2}SUBJECT\n +3 {2}order.created\n\nEVENT ID .*\n(event_.*\n){3}\n$/,
  )

  const limited = await run(['cancel', consumer, '--everything', '--limit', '2', '--dry-run'])
  t.regex(
    limited.stdout,
    /^cancel would take 2 of the 3 tasks of dry_filter that match: 1 pending, 2 available\n/,
  )
  const json = await run(['cancel', consumer, '--everything', '--limit', '2', '-n', '--json'])
  const [preview] = records<Preview>(json)
  t.deepEqual(
    { ...preview, first: preview?.first.map(({ eventId }) => eventId) },
    {
      action: 'cancel',
      consumer,
      tasks: 2,
      matching: 3,
      byState: { pending: 1, available: 2 },
      bySubject: [{ subject: 'order.created', tasks: 3 }],
      lookedAt: 3,
      first: ids.slice(0, 3),
    },
  )
  t.deepEqual(await run(['resume', consumer, '--everything', '--dry-run']), {
    code: 3,
    stdout: 'resume would take none of the tasks of dry_filter\n',
    stderr: '',
  })
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available', 'available', 'completed'])
})

test('a preview of more tasks than it looks at counts them all the same, and says so', async (t) => {
  const consumer = await makeConsumer(db, 'huge')
  await fillTable(db, consumer, 24_000, ['pending', 'available', 'running'])
  const { stdout } = await run(['cancel', consumer, '--everything', '--dry-run'])
  t.regex(
    stdout,
    /^cancel would take 16,000 tasks of huge: 8,000 pending, 8,000 available\n\n TASKS {2}SUBJECT\n10,000 {2}order.created\n\(among the oldest 10,000\)\n/,
  )
  const { stdout: discard } = await run(['discard', consumer, '--everything', '--dry-run'])
  t.regex(discard, /^discard would take none/)
})

test('what is stuck is all that discard takes by filter', async (t) => {
  const consumer = await makeConsumer(db, 'stuck')
  const [running = ''] = await makeTasks(db, consumer, ['running'])
  await db.owner.query(
    "select test.task('stuck', 'running', attempt_count => 4) from generate_series(1, 3)",
  )
  const [preview] = records<Preview>(
    await run(['discard', consumer, '--everything', '-n', '--json']),
  )
  t.like(preview, { tasks: 3, matching: 3, byState: { running: 3 } })
  t.deepEqual(await run(['discard', consumer, '--everything', '--yes']), {
    code: 0,
    stdout: '3 tasks discarded\n',
    stderr: '',
  })
  t.deepEqual(await statesOf(db, consumer, [running]), ['running'])
})

test('by filter it does what the options say', async (t) => {
  const consumer = await makeConsumer(db, 'bulk')
  const ids = await makeTasks(db, consumer, ['cancelled', 'cancelled', 'discarded', 'cancelled'])
  const filter = ['--state', 'cancelled', '--limit', '2', '--batch-size', '1', '--yes']
  const more = [
    '--schedule-at',
    '2100-01-01Z',
    '--spread',
    '1h',
    '--reset-attempts',
    '--reason',
    'R',
  ]
  const resume = await run(['resume', consumer, ...filter, ...more, '--json'])
  t.like(resume, { code: 0, stderr: '' })
  t.deepEqual(records(resume), [{ action: 'resume', consumer, updated: 2, complete: true }])
  const tasks = await storedTasks(db, consumer)
  const due = ids.map((id) => tasks.get(id)?.schedule_at ?? 0).filter((at) => at > 1000)
  const start = Date.parse('2100-01-01Z')
  t.deepEqual(due, [start, start + 1_800_000])
  const logged = records<Operation>(await run(['log', consumer, '--reason', 'R', '--json']))
  t.deepEqual(
    logged.map((operation) => operation.tasks),
    [1, 1],
  )

  const none = await run(['cancel', consumer, '--subject', 'nothing.like.it', '-y'])
  t.deepEqual(none, { code: 3, stdout: '0 tasks cancelled\n', stderr: '' })
})

test('while it works it says now and then how far it is', async (t) => {
  const consumer = await makeConsumer(db, 'told')
  await makeTasks(db, consumer, ['pending', 'pending'])
  const args = [
    'cancel',
    consumer,
    '--everything',
    '--yes',
    '--batch-size',
    '1',
    '--pause',
    '1100ms',
  ]
  const { code, stdout, stderr } = await run(args)
  t.deepEqual([code, stdout], [0, '2 tasks cancelled\n'])
  t.regex(stderr, /^cancelled 2 \d+\/s\n$/)
})

test('interrupted, it says how far it got and how to go on, and ends with 130', async (t) => {
  const consumer = await makeConsumer(db, 'interrupted')
  await makeTasks(
    db,
    consumer,
    Array.from({ length: 5 }, () => 'pending' as const),
  )
  const args = [
    'cancel',
    consumer,
    '--subject',
    'order.>',
    '--limit',
    '4',
    '--created-before',
    '1m',
  ]
  const [program, ...rest] = commandLine([
    ...args,
    '--yes',
    '--batch-size',
    '1',
    '--pause',
    '1h',
    '--json',
  ])
  const child = spawn(program, rest, { env: { ...process.env, DATABASE_URL: db.url } })
  const output = [text(child.stdout), text(child.stderr)]
  const exit = once(child, 'exit')
  await untilTasks(consumer, 'cancelled', 1)
  child.kill('SIGINT')
  t.deepEqual(await exit, [130, null])
  const [stdout = '', stderr = ''] = await Promise.all(output)
  t.deepEqual(JSON.parse(stdout), { action: 'cancel', consumer, updated: 1, complete: false })
  t.regex(
    stderr,
    /^stopping after this batch; Ctrl-C again leaves at once\nstopped: 1 task cancelled. To go on:\n {2}kanthorq-tasks cancel interrupted --subject 'order.>' --created-before \d{4}-\d\d-\d\dT[\d:.]+Z --limit 3 --batch-size 1 --pause 1h --yes --json\n$/,
  )
})

test('when the connection is lost, it says how far it got and how to go on, and ends with 1', async (t) => {
  const consumer = await makeConsumer(db, 'lost')
  await makeTasks(db, consumer, ['pending', 'pending'])
  const args = ['cancel', consumer, '--everything', '-y', '--batch-size', '1', '--pause', '10s']
  // To the server itself: what PgBouncer lends for a statement can't be taken away between two of them.
  const env = { DATABASE_URL: db.ownerUrl, PGAPPNAME: 'to be lost' }
  const running = kanthorqTasks(args, { env })
  await untilTasks(consumer, 'cancelled', 1)
  await db.owner.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'to be lost'`,
  )
  const { code, stdout, stderr } = await running
  t.deepEqual([code, stdout], [1, ''])
  t.regex(
    stderr,
    /^stopped: 1 task cancelled. To go on:\n {2}kanthorq-tasks cancel lost .*\n[^\n]+\n$/,
  )
})

/** Waits until so many tasks of the consumer are in this state. */
async function untilTasks(consumer: string, state: Task['state'], count: number): Promise<void> {
  await until(
    async () => {
      const tasks = [...(await storedTasks(db, consumer)).values()]
      return tasks.filter((task) => task.state === state).length >= count
    },
    `there are not ${String(count)} tasks that are ${state}`,
  )
}
