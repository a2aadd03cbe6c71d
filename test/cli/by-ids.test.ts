// cancel, resume and discard by ids, and undo, without a terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import type { Explanation, Operation } from 'kanthorq-tasks'
import { commandLine, kanthorqTasks, records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks } from '../support/scene.ts'

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

test('any number of ids can be given', async (t) => {
  const consumer = await makeConsumer(db, 'given_many')
  const ids = Array.from({ length: 150_000 }, (_, n) => `event_${String(n)}`)
  const { code, stdout } = await run(['explain', consumer], ids.join('\n'))
  t.is(code, 3)
  t.deepEqual(
    stdout.split('\n').flatMap((line) => (line.startsWith('event_') ? [line] : [])),
    ids.map((id) => `${id}  no task`),
  )
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

test('undo goes on when nobody reads on what it prints', async (t) => {
  const consumer = await makeConsumer(db, 'unread')
  const ids = await makeTasks(db, consumer, ['pending', 'available'])
  await run(['cancel', consumer, '--everything', '--batch-size', '1', '--yes'])
  const logged = records<Operation>(await run(['log', consumer, '--json']))
  const [program, ...args] = commandLine(['undo', ...logged.map(({ id }) => id)])
  const child = spawn(program, args, { env: { ...process.env, DATABASE_URL: db.url } })
  child.stdout.destroy()
  t.deepEqual(await once(child, 'exit'), [0, null])
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available'])
})
