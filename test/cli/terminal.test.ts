// The program on a pseudo-terminal: colours, widths, the question, the progress bar, and Ctrl-C.
import { styleText } from 'node:util'
import test from 'ava'
import { kanthorqTasks } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, makeTasks, statesOf, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'
import { ctrlC, openTerminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'

const db = useDatabase(test)

const env = () => ({ DATABASE_URL: db.url })

test('a table has colours and fits the terminal', async (t) => {
  const consumer = await makeConsumer(db, 'coloured')
  await makeTasks(db, consumer, ['discarded'])
  const { code, raw, screen } = await openTerminal(t, ['find', consumer], env(), 64).end()
  t.is(code, 0)
  t.true(raw.includes(styleText('red', 'discarded', { validateStream: false })))
  const lines = screen.split('\r\n')
  t.deepEqual(
    lines.filter((line) => line.length > 64),
    [],
  )
  t.regex(lines[0] ?? '', /^EVENT ID +STATE +SUBJECT/)

  await kanthorqTasks(['resume', consumer, '--everything', '--yes', '--reason', 'a'.repeat(80)], {
    env: env(),
  })
  for (const args of [['find', consumer], ['log', consumer], ['stats']]) {
    const narrow = await openTerminal(t, args, env(), 50).end()
    t.deepEqual(
      narrow.screen.split('\r\n').filter((line) => line.length > 50),
      [],
    )
  }

  const without = await openTerminal(t, ['find', consumer], { ...env(), NO_COLOR: '1' }).end()
  t.is(without.raw, without.screen)
})

test('a transition by filter shows a preview and asks; yes runs it with a progress bar', async (t) => {
  const consumer = await makeConsumer(db, 'asked')
  const ids = await makeTasks(db, consumer, ['pending', 'available', 'running'])
  const args = ['cancel', consumer, '--subject', 'order.>', '--batch-size', '1', '--pause', '100ms']
  const terminal = openTerminal(t, args, env())
  await terminal.until(/Cancel 2 tasks of asked\? \[y\/N\] $/)
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available', 'running'])
  terminal.type('y\r')
  const { code, screen } = await terminal.end()
  t.is(code, 0)
  t.regex(screen, /cancel would take 2 tasks of asked: 1 pending, 1 available\r\n/)
  t.regex(screen, /\rcancelled 1 of 2 \[#{10}-{10}\] 50% \d+\/s \d+s left\r/)
  t.regex(screen, /\r2 tasks cancelled\r\nkanthorq-tasks undo --bulk \d+ takes it back/)
  t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled', 'running'])
})

for (const [answer, keys, expected] of [
  ['no', 'n\r', 1],
  ['Enter', '\r', 1],
  ['Ctrl-D', '\x04', 1],
  ['Ctrl-C', ctrlC, 130],
] as const) {
  test(`${answer} is a no: nothing is done, and the exit code is ${String(expected)}`, async (t) => {
    const consumer = await makeConsumer(db, `declined_${answer.replace('-', '_')}`)
    const ids = await makeTasks(db, consumer, ['pending'])
    const terminal = openTerminal(t, ['cancel', consumer, '--everything'], env())
    await terminal.until(/\? \[y\/N\] $/)
    terminal.type(keys)
    const { code, screen } = await terminal.end()
    t.is(code, expected)
    t.regex(screen, /\? \[y\/N\] n?\r+\nnothing was done\r\n$/)
    t.deepEqual(await statesOf(db, consumer, ids), ['pending'])
  })
}

test('an empty preview asks no question', async (t) => {
  const consumer = await makeConsumer(db, 'unasked')
  const { code, screen } = await openTerminal(t, ['discard', consumer, '--everything'], env()).end()
  t.deepEqual([code, screen], [3, 'discard would take none of the tasks of unasked\r\n'])
})

test('Ctrl-C finishes the batch, and prints the command that continues', async (t) => {
  const consumer = await makeConsumer(db, 'stopped')
  const ids = await fillTable(db, consumer, 10, ['pending'])
  const args = ['cancel', consumer, '--everything', '--yes', '--batch-size', '2', '--pause', '1h']
  const terminal = openTerminal(t, args, env(), 200)
  await terminal.until(/cancelled 2 of 10 /)
  terminal.type(ctrlC)
  const { code, screen } = await terminal.end()
  t.is(code, 130)
  t.regex(screen, /stopping after this batch; Ctrl-C again stops at once\r\n/)
  const [, goOn = ''] =
    /stopped: 2 tasks cancelled of 10\. To continue:\r\n {2}kanthorq-tasks (.*)\r\n$/.exec(
      screen,
    ) ?? []
  t.is(goOn, 'cancel stopped --everything --batch-size 2 --pause 1h --yes')
  const rest = await kanthorqTasks([...goOn.replace(' --pause 1h', '').split(' ')], { env: env() })
  t.is(rest.stdout, '8 tasks cancelled\n')
  t.deepEqual(new Set(await statesOf(db, consumer, ids)), new Set(['cancelled' as const]))
})

test('the bar is erased before an error is printed', async (t) => {
  const consumer = await makeConsumer(db, 'failed')
  await makeTasks(db, consumer, ['cancelled'])
  const args = ['resume', consumer, '--state', 'cancelled', '--spread', '6000w', '--yes']
  const { code, raw } = await openTerminal(t, args, env(), 200).end()
  t.is(code, 1)
  t.true(raw.includes('0%\x1b[K\r\x1b[Kschedule_at is null, spread is '), raw)
})

test('a second Ctrl-C ends the program during the batch', async (t) => {
  const consumer = await makeConsumer(db, 'left')
  await fillTable(db, consumer, 4, ['pending'])
  const owner = await openSession(t, db.owner)
  await owner.query(`begin; lock table ${await taskTable(db, consumer)} in exclusive mode`)
  const terminal = openTerminal(t, ['cancel', consumer, '--state', 'pending', '-y'], {
    DATABASE_URL: db.ownerUrl,
    PGAPPNAME: 'left at once',
  })
  await untilBlocked(db.owner, [await processNamed('left at once')], await processOf(owner))
  terminal.type(ctrlC)
  await terminal.until(/Ctrl-C again stops at once/)
  terminal.type(ctrlC)
  t.is((await terminal.end()).code, 130)
  await owner.query('rollback')
})

test('a command without ids does not wait for a terminal', async (t) => {
  for (const args of [['cancel', 'a'], ['explain', 'a'], ['undo']]) {
    const { code, screen } = await openTerminal(t, args, env()).end()
    t.is(code, 2)
    t.regex(screen, /^name the (tasks|operations) to \w+: /)
  }
})

test('ids can be typed, and Ctrl-D ends the list', async (t) => {
  const consumer = await makeConsumer(db, 'typed')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  const terminal = openTerminal(t, ['cancel', consumer, '-'], env())
  await terminal.until(/^Enter one id a line; Ctrl-D ends the list\.\r\n/)
  terminal.type(`${id}\r\x04`)
  const { code, screen } = await terminal.end()
  t.is(code, 0)
  t.regex(screen, /1 task cancelled, 0 left alone\r\n$/)
})

test('Ctrl-C ends the program while ids are typed', async (t) => {
  const terminal = openTerminal(t, ['cancel', 'a', '-'], env())
  await terminal.until(/Ctrl-D/)
  terminal.type(`event_1\r${ctrlC}`)
  t.is((await terminal.end()).code, 130)
})

/** Waits for a session that has this name, and returns its process. */
function processNamed(name: string): Promise<number> {
  const sql = 'select pid from pg_stat_activity where application_name = $1'
  return until(
    async () => (await db.owner.query<{ pid: number }>(sql, [name])).rows[0]?.pid,
    `no session is called ${name}`,
  )
}
