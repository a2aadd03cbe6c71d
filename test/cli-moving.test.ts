// cancel, resume, discard and undo, without a terminal.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import test from 'ava'
import type { Explanation, Operation, Task } from 'kanthorq-tasks'
import type { Preview } from '../src/cli/preview.ts'
import { commandLine, kanthorqTasks, records } from './support/command-line.ts'
import { useDatabase } from './support/database.ts'
import { fillTable, makeConsumer, makeTasks, only, statesOf, storedTasks } from './support/scene.ts'

const db = useDatabase(test)

function run(args: string[], input?: string) {
  return kanthorqTasks(args, {
    env: { DATABASE_URL: db.url },
    ...(input !== undefined && { input }),
  })
}

test('cancel by ids prints those that it took, and why it left the others alone', async (t) => {
  const consumer = await makeConsumer(db, 'by_ids')
  const [pending = '', running = ''] = await makeTasks(db, consumer, ['pending', 'running'])
  const ids = [pending, running, 'event_none', pending]
  t.deepEqual(await run(['cancel', consumer, ...ids, '--reason', "it's wrong"]), {
    code: 0,
    stdout: `${pending}\n`,
    stderr:
      '1 task cancelled, 2 left alone\n' +
      `  ${running}  running and overdue: the next free worker picks it up again\n` +
      '  event_none  not found: the consumer has no task of this event\n',
  })
  t.deepEqual(await statesOf(db, consumer, [pending, running]), ['cancelled', 'running'])
  const [logged] = records<Operation>(await run(['log', consumer, '--json']))
  t.like(logged, { action: 'cancel', reason: "it's wrong" })

  const again = await run(['cancel', consumer, ...ids, '--json'])
  t.is(again.code, 3)
  t.deepEqual(records(again), [{ updated: [], noop: [pending, running, 'event_none'] }])
})

test('of many tasks that are left alone, ten are explained', async (t) => {
  const consumer = await makeConsumer(db, 'left_alone')
  const ids = Array.from({ length: 12 }, (_, n) => `event_${String(n)}`)
  const { code, stderr } = await run(['resume', consumer, ...ids])
  t.is(code, 3)
  t.regex(stderr, /^0 tasks resumed, 12 left alone\n( {2}event_\d .*\n){10} {2}and 2 more\n$/)
})

test('resume and discard by ids take their options', async (t) => {
  const consumer = await makeConsumer(db, 'options')
  const [id = ''] = await makeTasks(db, consumer, ['cancelled'])
  const stuck = only(
    await db.owner.query<{ id: string }>(
      "select test.task('options', 'running', attempt_count => 4) as id",
    ),
  ).id
  t.is((await run(['discard', consumer, stuck])).stdout, `${stuck}\n`)
  const at = '2100-01-31T03:00:00+01:00'
  const args = [id, stuck, '--schedule-at', at, '--reset-attempts']
  t.is((await run(['resume', consumer, ...args])).stdout, `${id}\n${stuck}\n`)
  const task = (await storedTasks(db, consumer)).get(stuck)
  t.like(task, { state: 'running', attempt_count: 0, schedule_at: Date.parse(at) })
})

test('ids come on standard input, one a line or as what other commands print', async (t) => {
  const consumer = await makeConsumer(db, 'piped')
  const ids = await makeTasks(db, consumer, ['pending', 'pending', 'available'])
  const found = await run(['find', consumer, '--state', 'pending', '--json'])
  t.is((await run(['cancel', consumer], found.stdout)).stdout, `${ids[1] ?? ''}\n${ids[0] ?? ''}\n`)
  const logged = await run(['log', consumer, '--json'])
  t.is((await run(['resume', consumer, '-'], logged.stdout)).code, 0)
  t.deepEqual(await statesOf(db, consumer, ids), ['running', 'running', 'available'])

  const lines = `\n  ${ids[2] ?? ''}\r\n\n`
  const cancelled = await run(['cancel', consumer, '--json'], lines)
  t.deepEqual(records(cancelled), [{ updated: [ids[2]], noop: [] }])
  const back = await run(['resume', consumer, '--json'], cancelled.stdout)
  t.deepEqual(records(back), [{ updated: [ids[2]], noop: [] }])
  const why = await run(['explain', consumer, '--json'], back.stdout)
  t.like(records<Explanation>(why)[0], { eventId: ids[2], state: 'running' })
})

test('standard input that is empty, or no ids, is refused', async (t) => {
  const consumer = await makeConsumer(db, 'bad_input')
  t.deepEqual(await run(['cancel', consumer], '\n'), {
    code: 3,
    stdout: '',
    stderr: 'there are no ids on standard input\n',
  })
  for (const line of ['EVENT ID   STATE', '{"eventId": ', '{"other": "json"}', '{"eventId": 1}']) {
    const { code, stdout, stderr } = await run(['cancel', consumer], `event_1\n${line}\n`)
    t.deepEqual([code, stdout], [2, ''])
    t.regex(
      stderr,
      /^line 2 of standard input is no id: [^\n]+ Give an id a line, or what --json or --ids prints\n$/,
    )
  }
})

test('by ids, --dry-run explains and changes nothing', async (t) => {
  const consumer = await makeConsumer(db, 'dry_ids')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  const cancel = await run(['cancel', consumer, id, 'event_none', '--dry-run'])
  t.like(cancel, { code: 0, stderr: 'cancel would take 1 of 2 tasks\n' })
  t.regex(
    cancel.stdout,
    /^event_\w+ {2}pending\n {2}pending: .*\n {2}cancel would take it\nevent_none {2}no task\n/,
  )
  const resume = await run(['resume', consumer, id, '-n', '--json'])
  t.is(resume.code, 3)
  t.like(records<Explanation>(resume)[0], { eventId: id, canCancel: true, canResume: false })
  t.deepEqual(await statesOf(db, consumer, [id]), ['pending'])
})

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
      first: [ids[2] ?? '', ids[1] ?? '', ids[0] ?? ''],
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
    /^cancel would take 16,000 tasks of huge: 8,000 pending, 8,000 available\n\n TASKS {2}SUBJECT\n10,000 {2}order.created\n\(among the newest 10,000\)\n/,
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
  const env = { DATABASE_URL: db.url, PGAPPNAME: 'to be lost' }
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

test('undo puts the tasks of operations back, the newest first', async (t) => {
  const consumer = await makeConsumer(db, 'undone')
  const ids = await makeTasks(db, consumer, ['pending', 'available'])
  await run(['cancel', consumer, '--everything', '--batch-size', '1', '--yes', '--reason', 'wrong'])
  const logged = await run(['log', consumer, '--reason', 'wrong', '--json'])
  const [newest, oldest] = records<Operation>(logged).map(({ id }) => id)
  const undone = await run(['undo', '--reason', 'a slip'], logged.stdout)
  t.like(undone, {
    code: 0,
    stderr: `operation ${newest ?? ''}: 1 task put back, 0 left alone\noperation ${oldest ?? ''}: 1 task put back, 0 left alone\n`,
  })
  t.deepEqual(undone.stdout.split('\n').sort(), ['', ...ids].sort())
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available'])
  t.regex((await run(['log', consumer])).stdout, new RegExp(`undo of ${newest ?? ''} .*a slip\n`))

  const again = await run(['undo', newest ?? '', '--json'])
  t.is(again.code, 3)
  t.like(records<object>(again)[0], { operation: newest, updated: [] })
  t.deepEqual(await run(['undo', '999999999']), {
    code: 1,
    stdout: '',
    stderr:
      'there is no operation 999999999\n"kanthorq-tasks log" lists them; an old one may have been purged.\n',
  })
})

/** Waits until so many tasks of the consumer are in this state. */
async function untilTasks(consumer: string, state: Task['state'], count: number): Promise<void> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const tasks = [...(await storedTasks(db, consumer)).values()]
    if (tasks.filter((task) => task.state === state).length >= count) return
  }
  throw new Error(`there are not ${String(count)} tasks that are ${state} after a minute`)
}
