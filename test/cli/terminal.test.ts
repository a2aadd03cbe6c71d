// The program on a pseudo-terminal: colours, widths, the question, the progress bar, and Ctrl-C.
import { styleText } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, makeTasks, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'
import { ctrlC, openTerminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'
import { runOn } from './run.ts'

const db = useDatabase(test)
const run = runOn(db)

function open(t: ExecutionContext, line: string, columns?: number, env: NodeJS.ProcessEnv = {}) {
  return openTerminal(t, line.split(' '), { DATABASE_URL: db.url, ...env }, columns)
}

test('a table has colours and fits the terminal', async (t) => {
  const consumer = await makeConsumer(db, 'coloured')
  await makeTasks(db, consumer, ['discarded'])
  const { code, raw, screen } = await open(t, 'find coloured', 64).end()
  t.is(code, 0)
  t.true(raw.includes(styleText('red', 'discarded', { validateStream: false })))
  t.regex(screen, /^EVENT ID +STATE +SUBJECT/)

  await run(`resume coloured --everything --yes --reason ${'a'.repeat(80)}`)
  for (const line of ['find coloured', 'log coloured', 'stats']) {
    const narrow = await open(t, line, 50).end()
    t.deepEqual(
      narrow.screen.split('\r\n').filter((line) => line.length > 50),
      [],
    )
  }

  const without = await open(t, 'find coloured', 80, { NO_COLOR: '1' }).end()
  t.is(without.raw, without.screen)
})

test('top draws over itself, as wide as the terminal, until Ctrl-C', async (t) => {
  const consumer = await makeConsumer(db, 'drawn')
  await makeTasks(db, consumer, ['retryable'])
  const terminal = open(t, 'top --every 10ms', 70)
  await terminal.until(/CONSUMER[^]*drawn[^]*CONSUMER[^]*drawn/)
  terminal.type(ctrlC)
  const { code, raw, screen } = await terminal.end()
  t.is(code, 0)
  t.true(raw.split('\x1b[H\x1b[J').length > 2)
  t.deepEqual(
    screen.split('\r\n').filter((line) => line.length > 70),
    [],
  )
})

test('a transition by filter shows a preview and asks; yes runs it with a progress bar', async (t) => {
  const consumer = await makeConsumer(db, 'asked')
  const ids = await makeTasks(db, consumer, ['pending', 'available', 'running'])
  const terminal = open(t, 'cancel asked --subject order.> --batch-size 1 --pause 100ms')
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
    const terminal = open(t, `cancel ${consumer} --everything`)
    await terminal.until(/\? \[y\/N\] $/)
    terminal.type(keys)
    const { code, screen } = await terminal.end()
    t.is(code, expected)
    t.regex(screen, /\? \[y\/N\] n?\r+\nnothing was done\r\n$/)
    t.deepEqual(await statesOf(db, consumer, ids), ['pending'])
  })
}

test('an empty preview asks no question', async (t) => {
  await makeConsumer(db, 'unasked')
  const { code, screen } = await open(t, 'discard unasked --everything').end()
  t.deepEqual([code, screen], [3, 'discard would take none of the tasks of unasked\r\n'])
})

test('Ctrl-C finishes the batch, and prints how far the call came and the command that continues', async (t) => {
  const consumer = await makeConsumer(db, 'stopped')
  const ids = await makeTasks(db, consumer, Array<'pending'>(5).fill('pending'))
  const line = 'cancel stopped --subject order.> --limit 4 --created-before 1m --yes --batch-size 2'
  const terminal = open(t, `${line} --pause 1h --json`, 200)
  await terminal.until(/cancelled 2 of 4 /)
  terminal.type(ctrlC)
  const { code, screen } = await terminal.end()
  t.is(code, 130)
  const [, result = '', goOn = ''] =
    /stopping after this batch; Ctrl-C again stops at once\r\n\r(\{.*\})\r\nkanthorq-tasks undo .*\r\nstopped: 2 tasks cancelled of 4\. To continue:\r\n {2}kanthorq-tasks (.*)\r\n$/.exec(
      screen,
    ) ?? []
  t.like(JSON.parse(result), { action: 'cancel', consumer, updated: 2, complete: false })
  t.regex(
    goOn,
    /^cancel stopped --subject 'order.>' --created-before \d{4}-\d\d-\d\dT[\d:.]+Z --limit 2 --batch-size 2 --pause 1h --yes --json$/,
  )
  t.is((await run(goOn.replace(' --pause 1h', '').replaceAll("'", ''))).code, 0)
  const states = await statesOf(db, consumer, ids)
  t.deepEqual(states, [...Array<string>(4).fill('cancelled'), 'pending'])
})

test('the question says where it acts, how many by state and subject, what stays and why, and what a spread means', async (t) => {
  const consumer = await makeConsumer(db, 'precise')
  await makeTasks(db, consumer, ['discarded', 'cancelled', 'completed', 'running'])
  const terminal = open(t, 'resume precise --subject order.> --spread 2m --schedule-at 2100-01-01Z', 80, { TZ: 'UTC' })
  await terminal.until(/Resume 2 tasks of precise\? \[y\/N\] $/)
  terminal.type('n\r')
  const { screen } = await terminal.end()
  const [first, ...rest] = screen.split('\r\n')
  t.regex(first ?? '', /^database kanthorq_tmp_\w+ on [\w.]+, as \w+$/)
  for (const line of [
    'resume would take 2 tasks of precise: 1 cancelled, 1 discarded',
    'leaves 1 running alone: they are not finished',
    'leaves 1 completed alone: they are done',
    '    2  order.created',
    'due 1 a minute, from 2100-01-01 00:00:00+00 until 2100-01-01 00:02:00+00',
  ])
    t.true(rest.includes(line), `${line}\n${screen}`)
})

test('a connection that ends while the question is open is made again', async (t) => {
  const consumer = await makeConsumer(db, 'reconnected')
  const ids = await makeTasks(db, consumer, ['pending'])
  // Directly to the server: PgBouncer would reconnect by itself.
  const env = { DATABASE_URL: db.ownerUrl, PGAPPNAME: 'asked long ago' }
  const terminal = open(t, 'cancel reconnected --everything', 80, env)
  await terminal.until(/\? \[y\/N\] $/)
  const pid = await processNamed('asked long ago')
  await db.owner.query('select pg_terminate_backend($1)', [pid])
  await until(
    async () => (await db.owner.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 0,
    'it lives',
  )
  terminal.type('y\r')
  const { code, screen } = await terminal.end()
  t.is(code, 0, screen)
  t.regex(screen, /\r1 task cancelled\r\n/)
  t.deepEqual(await statesOf(db, consumer, ids), ['cancelled'])
})

test('after Ctrl-C, the command that continues goes on with the rest of a spread', async (t) => {
  const consumer = await makeConsumer(db, 'rest')
  const ids = await makeTasks(db, consumer, Array<'cancelled'>(4).fill('cancelled'))
  const line = 'resume rest --everything --spread 4h --schedule-at 2100-01-01Z --yes --batch-size 1'
  const terminal = open(t, `${line} --pause 1h`, 200)
  await terminal.until(/resumed 1 of 4 /)
  terminal.type(ctrlC)
  const { screen } = await terminal.end()
  const [, goOn = ''] = /To continue:\r\n {2}kanthorq-tasks (.*)\r\n$/.exec(screen) ?? []
  t.regex(goOn, /--schedule-at 2100-01-01T01:00:00\.000Z --spread 3h /)
  t.is((await run(goOn.replace(' --pause 1h', ''))).code, 0)
  const tasks = await storedTasks(db, consumer)
  const hours = ids.map((id) => ((tasks.get(id)?.schedule_at ?? 0) - Date.parse('2100-01-01Z')) / 3_600_000)
  t.deepEqual(hours, [0, 1, 2, 3])
})

// Serial: other tests make operations as the owner too.
test.serial('undo --last shows the last operation that moved tasks, who made it, and asks', async (t) => {
  const consumer = await makeConsumer(db, 'regretted')
  const ids = await makeTasks(db, consumer, ['pending', 'available'])
  const env = { DATABASE_URL: db.ownerUrl }
  await runOn({ url: db.ownerUrl })('cancel regretted --everything --yes --reason slip --batch-size 1 --pause 0s')
  // More than a page of the log.
  await db.owner.query(
    "select kanthorq_consumer_hold('regretted'), kanthorq_consumer_release('regretted') from generate_series(1, 51)",
  )
  const terminal = open(t, 'undo --last', 80, env)
  await terminal.until(/Put 2 tasks back\? \[y\/N\] $/)
  t.deepEqual(await statesOf(db, consumer, ids), ['cancelled', 'cancelled'])
  terminal.type('y\r')
  const { code, screen } = await terminal.end()
  t.is(code, 0)
  t.regex(
    screen,
    /\r\noperation \d+: cancel of 2 tasks of regretted in 2 batches, \d+ s ago\r\n {2}by \w+ with kanthorq-tasks: slip\r\n/,
  )
  t.regex(screen, /\r2 tasks put back\r\n/)
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available'])
})

test('on a terminal, times have ages beside them, and log fits 80 columns with who and which application', async (t) => {
  const consumer = await makeConsumer(db, 'aged')
  await makeTasks(db, consumer, ['retryable'])
  await db.owner.query(
    `update ${await taskTable(db, consumer)} set schedule_at = extract(epoch from now()) * 1000 - 18 * 60000`,
  )
  t.regex((await open(t, 'find aged', 200).end()).screen, / 18 min late +1970/)
  t.regex((await open(t, 'stats aged', 200).end()).screen, / 18 min late\r\n/)
  const [id = ''] = (await run('find aged --ids')).stdout.split('\n')
  t.regex((await open(t, `explain aged ${id}`).end()).screen, /may run at .*, \d+ s late\r\n/)
  await run('cancel aged --everything --yes --reason INC-42')
  const { screen } = await open(t, 'log aged').end()
  t.regex(screen, /^ *ID +AGE +ACTION +CONSUMER +TASKS +(FROM +)?BY +WITH +REASON\r\n/)
  t.true(screen.split('\r\n').every((line) => line.length <= 80))
})

test('the bar is erased before an error is printed', async (t) => {
  const consumer = await makeConsumer(db, 'failed')
  await makeTasks(db, consumer, ['cancelled'])
  const line = 'resume failed --state cancelled --schedule-at 0002-01-01 --yes'
  const { code, raw } = await open(t, line, 200).end()
  t.is(code, 1)
  t.true(raw.includes('0%\x1b[K\r\x1b[Kschedule_at is '), raw)
})

test('a second Ctrl-C ends the program during the batch', async (t) => {
  const consumer = await makeConsumer(db, 'left')
  await fillTable(db, consumer, 4, ['pending'])
  const owner = await openSession(t, db.owner)
  await owner.query(`begin; lock table ${await taskTable(db, consumer)} in exclusive mode`)
  const env = { DATABASE_URL: db.ownerUrl, PGAPPNAME: 'left at once' }
  const terminal = open(t, 'cancel left --state pending -y', 80, env)
  await untilBlocked(db.owner, [await processNamed('left at once')], await processOf(owner))
  terminal.type(ctrlC)
  await terminal.until(/Ctrl-C again stops at once/)
  terminal.type(ctrlC)
  t.is((await terminal.end()).code, 130)
  await owner.query('rollback')
})

test('a command without ids does not wait for a terminal', async (t) => {
  for (const line of ['cancel a', 'explain a', 'undo']) {
    const { code, screen } = await open(t, line).end()
    t.is(code, 2)
    t.regex(screen, /^name the (tasks|operations) to \w+[:,] /)
  }
})

test('ids can be typed, and Ctrl-D ends the list', async (t) => {
  const consumer = await makeConsumer(db, 'typed')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  const terminal = open(t, 'cancel typed -')
  await terminal.until(/^Enter one id a line; Ctrl-D ends the list\.\r\n/)
  terminal.type(`${id}\r\x04`)
  const { code, screen } = await terminal.end()
  t.is(code, 0)
  t.regex(screen, /1 task cancelled, 0 left alone\r\n$/)
})

test('Ctrl-C ends the program while ids are typed', async (t) => {
  const terminal = open(t, 'cancel a -')
  await terminal.until(/Ctrl-D/)
  terminal.type(`event_1\r${ctrlC}`)
  t.is((await terminal.end()).code, 130)
})

/** Waits for a session that has this name, and returns its process. */
function processNamed(name: string): Promise<number> {
  const sql = 'select pid from pg_stat_activity where application_name = $1'
  return until(async () => (await db.owner.query<{ pid: number }>(sql, [name])).rows[0]?.pid, `no session is called ${name}`)
}
