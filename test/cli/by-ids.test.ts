// cancel, resume, discard and explain by ids, and undo, without a terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import type { Explanation, Operation } from 'kanthorq-tasks'
import { commandLine, records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks } from '../support/scene.ts'
import { outcome, runOn } from './run.ts'

const db = useDatabase(test)
const run = runOn(db)

test('cancel by ids prints the ids that it took, and why it left the others alone', async (t) => {
  const consumer = await makeConsumer(db, 'by_ids')
  const [pending = '', running = ''] = await makeTasks(db, consumer, ['pending', 'running'])
  const ids = `${pending} ${running} event_none ${pending}`
  t.deepEqual(
    await run(`cancel by_ids ${ids} --reason it's`),
    outcome(
      0,
      `${pending}\n`,
      '1 task cancelled, 2 left alone\n' +
        `  ${running}  running and overdue: the next free worker picks it up again\n` +
        '  event_none  not found: the consumer has no task of this event\n',
    ),
  )
  t.deepEqual(await statesOf(db, consumer, [pending, running]), ['cancelled', 'running'])
  const [logged] = records<Operation>(await run('log by_ids --json'))
  t.like(logged, { action: 'cancel', reason: "it's" })

  const again = await run(`cancel by_ids ${ids} --json`)
  t.is(again.code, 3)
  t.deepEqual(records(again), [{ updated: [], noop: [pending, running, 'event_none'] }])
})

test('of many no-ops, ten are explained', async (t) => {
  await makeConsumer(db, 'left_alone')
  const ids = Array.from({ length: 12 }, (_, n) => `event_${String(n)}`)
  const { code, stderr } = await run(`resume left_alone ${ids.join(' ')}`)
  t.is(code, 3)
  t.regex(stderr, /^0 tasks resumed, 12 left alone\n( {2}event_\d .*\n){10} {2}and 2 more\n$/)
})

test('resume and discard by ids obey their options', async (t) => {
  const consumer = await makeConsumer(db, 'options')
  const [id = ''] = await makeTasks(db, consumer, ['cancelled'])
  const stuck = only(
    await db.owner.query<{ id: string }>("select test.task('options', 'running', attempt_count => 4) as id"),
  ).id
  t.is((await run(`discard options ${stuck}`)).stdout, `${stuck}\n`)
  const at = '2100-01-31T03:00:00+01:00'
  const resume = await run(`resume options ${id} ${stuck} --schedule-at ${at} --reset-attempts`)
  t.is(resume.stdout, `${id}\n${stuck}\n`)
  const task = (await storedTasks(db, consumer)).get(stuck)
  t.like(task, { state: 'running', attempt_count: 0, schedule_at: Date.parse(at) })
})

test('standard input accepts one id a line, and the output of other commands', async (t) => {
  const consumer = await makeConsumer(db, 'piped')
  const ids = await makeTasks(db, consumer, ['pending', 'pending', 'available'])
  const found = await run('find piped --state pending --json')
  t.is((await run('cancel piped', found.stdout)).stdout, `${ids[1] ?? ''}\n${ids[0] ?? ''}\n`)
  const logged = await run('log piped --json')
  t.is((await run('resume piped -', logged.stdout)).code, 0)
  t.deepEqual(await statesOf(db, consumer, ids), ['running', 'running', 'available'])

  const cancelled = await run('cancel piped --json', `\n  ${ids[2] ?? ''}\r\n\n`)
  t.deepEqual(records(cancelled), [{ updated: [ids[2]], noop: [] }])
  const back = await run('resume piped --json', cancelled.stdout)
  t.deepEqual(records(back), [{ updated: [ids[2]], noop: [] }])
  const why = await run('explain piped --json', back.stdout)
  t.like(records<Explanation>(why)[0], { eventId: ids[2], state: 'running' })
})

test('standard input accepts 150,000 ids', async (t) => {
  await makeConsumer(db, 'given_many')
  const ids = Array.from({ length: 150_000 }, (_, n) => `event_${String(n)}`)
  const { code, stdout } = await run('explain given_many', ids.join('\n'))
  t.is(code, 3)
  t.deepEqual(
    stdout.split('\n').filter((line) => line.startsWith('event_')),
    ids.map((id) => `${id}  no task`),
  )
})

test('standard input without ids, or with a line that is not an id, is an error', async (t) => {
  t.deepEqual(await run('cancel a', '\n'), outcome(3, '', 'standard input contains no ids\n'))
  for (const line of ['EVENT ID   STATE', '{"eventId": ', '{"other": "json"}', '{"eventId": 1}']) {
    const { code, stdout, stderr } = await run('cancel a', `event_1\n${line}\n`)
    t.deepEqual([code, stdout], [2, ''])
    t.regex(
      stderr,
      /^line 2 of standard input is not an id: [^\n]+ Write one id a line, or pass the output of --json or --ids\n$/,
    )
  }
})

test('--dry-run explains the tasks and changes nothing', async (t) => {
  const consumer = await makeConsumer(db, 'dry_ids')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  const cancel = await run(`cancel dry_ids ${id} event_none --dry-run`)
  t.like(cancel, { code: 0, stderr: 'cancel would take 1 of 2 tasks\n' })
  t.regex(cancel.stdout, /^event_\w+ {2}pending\n {2}pending: .*\n {2}cancel would take it\nevent_none {2}no task\n/)
  const resume = await run(`resume dry_ids ${id} -n --json`)
  t.is(resume.code, 3)
  t.like(records<Explanation>(resume)[0], { eventId: id, canCancel: true, canResume: false })
  t.deepEqual(await statesOf(db, consumer, [id]), ['pending'])
})

test('undo restores the tasks of operations, newest first', async (t) => {
  const consumer = await makeConsumer(db, 'undone')
  const ids = await makeTasks(db, consumer, ['pending', 'available'])
  for (const id of ids) await run(`cancel undone ${id} --reason wrong`)
  const logged = await run('log undone --reason wrong --json')
  const [newest = '', oldest = ''] = records<Operation>(logged).map(({ id }) => id)
  t.deepEqual(
    await run('undo --reason slip --yes', logged.stdout),
    outcome(
      0,
      `${ids.toReversed().join('\n')}\n`,
      `operation ${newest}: 1 task put back, 0 left alone\noperation ${oldest}: 1 task put back, 0 left alone\n`,
    ),
  )
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available'])
  t.regex((await run('log undone')).stdout, new RegExp(`undo of ${newest} .*slip\n`))

  const again = await run(`undo ${newest} --json --yes`)
  t.is(again.code, 3)
  t.like(records<object>(again)[0], { operation: newest, updated: [] })
  t.deepEqual(
    await run('undo 999999999 --yes'),
    outcome(
      1,
      '',
      'there is no operation 999999999\n"kanthorq-tasks log" lists the operations; old ones may have been purged.\n',
    ),
  )
})

test('undo continues when nobody reads its output', async (t) => {
  const consumer = await makeConsumer(db, 'unread')
  const ids = await makeTasks(db, consumer, ['pending', 'available'])
  for (const id of ids) await run(`cancel unread ${id}`)
  const logged = records<Operation>(await run('log unread --json'))
  const [program, ...args] = commandLine(['undo', '--yes', ...logged.map(({ id }) => id)])
  const child = spawn(program, args, { env: { ...process.env, DATABASE_URL: db.url } })
  child.stdout.destroy()
  t.deepEqual(await once(child, 'exit'), [0, null])
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available'])
})
