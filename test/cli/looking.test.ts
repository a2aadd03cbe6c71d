// The commands that read: stats, find, explain, log.
import { existsSync } from 'node:fs'
import test from 'ava'
import type { Consumer, ErrorGroup, Explanation, HistoryEntry, Operation, Task, TaskRates, TaskStats } from 'kanthorq-tasks'
import { states } from '../../src/cli/arguments/option-parsers.ts'
import { transitions } from '../../src/cli/commands/transition/transitions.ts'
import { actionsFor } from '../../src/cli/terminal/explanation-lines.ts'
import { commandLine, records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { runProgram } from '../support/run-program.ts'
import { fillTable, makeConsumer, makeTasks, taskTable } from '../support/scene.ts'
import { outcome, runOn } from './run.ts'

const db = useDatabase(test)
const run = runOn(db)

test('stats counts the tasks in each state, of one consumer or of all', async (t) => {
  const consumer = await makeConsumer(db, 'counted')
  await makeTasks(db, consumer, ['pending', 'pending', 'discarded'])
  const table = await run('stats counted')
  t.like(table, { code: 0, stderr: '' })
  t.regex(table.stdout, /^CONSUMER +STATE +TASKS +STUCK +OLDEST +NEXT DUE\ncounted +discarded +1 +0 /)
  t.regex(table.stdout, /\ncounted +pending +2 +0 +1970-01-01 /)

  const all = records<TaskStats>(await run('stats --json'))
  const mine = all.filter(({ consumerName }) => consumerName === consumer)
  t.like(mine, [
    { state: 'discarded', tasks: 1 },
    { state: 'pending', tasks: 2 },
  ])
})

test('stats of a consumer without tasks ends with 3, of an unknown one with 1', async (t) => {
  await makeConsumer(db, 'idle')
  t.deepEqual(await run('stats idle'), outcome(3, '', 'there are no tasks\n'))
  t.deepEqual(
    await run('stats Idle'),
    outcome(1, '', "there is no consumer 'Idle'\nNames are case-sensitive. Did you mean 'idle'?\n"),
  )
})

test('consumers, rates and top show consumers without tasks, too', async (t) => {
  const consumer = await makeConsumer(db, 'watched')
  await makeConsumer(db, 'watched_idle')
  await makeTasks(db, consumer, ['pending', 'running'])
  await db.owner.query("select test.update('watched', 'created_at = (extract(epoch from now()) * 1000)::bigint')")
  const consumers = records<Consumer>(await run('consumers --json')).filter(({ streamName }) =>
    streamName.startsWith('watched'),
  )
  t.like(consumers, [
    { consumerName: consumer, subjectIncludes: ['>'], attemptMax: 3, unread: 2, oldestDue: '1970-01-01T00:00:01.000Z' },
    { consumerName: 'watched_idle', unread: 0, oldestDue: null },
  ])
  await db.owner.query("select kanthorq_consumer_hold('watched_idle', 'INC-7')")
  t.regex((await run('consumers')).stdout, /^CONSUMER +STREAM .*\nwatched +watched_stream +> .* 2 +1970-01-01 /ms)
  t.regex((await run('consumers')).stdout, / HELD\n.*\nwatched_idle .* since \d{4}-.* by .* because 'INC-7'\n/s)

  t.regex((await run('rates watched --since 1m --bucket 1h')).stdout, /^CONSUMER +FROM .*\nwatched .* 0 +0 +0 +0 +2\n$/s)
  t.deepEqual(
    records<TaskRates>(await run('rates watched_idle --since 0s --json')).map(({ waiting }) => waiting),
    [0],
  )

  t.regex((await run('top --once')).stdout, /^CONSUMER .*\nwatched +2 +1 +0 +1 +0 .*\nwatched_idle +0 +0 +0 /s)
  const standings = records<{ consumerName: string }>(await run('top --json'))
  t.like(
    standings.find(({ consumerName }) => consumerName === consumer),
    { unread: 2, byState: { pending: 1, running: 1 }, stuck: 0, held: null },
  )
  t.regex(
    (await run('top --once --estimate')).stdout,
    /\nwatched +2 +1 +0 +1 +0 .*\nwatched_idle .* since .* because 'INC-7'\n/s,
  )
  const estimated = records<TaskStats>(await run('stats watched --estimate --json'))
  t.like(estimated, [
    { state: 'pending', tasks: 1, oldest: null },
    { state: 'running', tasks: 1, nextDue: null },
  ])
  t.deepEqual(await run('top'), outcome(2, '', 'there is no terminal to draw on: pass --once\n'))
})

test('find obeys each part of the filter', async (t) => {
  const consumer = await makeConsumer(db, 'found')
  const [pending = '', discarded = '', running = ''] = await makeTasks(db, consumer, ['pending', 'discarded', 'running'])
  const failed = await db.owner.query<{ id: string }>(
    `select test.task('found', 'retryable', subject => 'mail.bounced',
       attempted_error => array['{"error": "smtp: mailbox 7 unavailable"}'::jsonb]) as id`,
  )
  const bounced = failed.rows[0]?.id ?? ''
  for (const [filter, ...expected] of [
    ['', bounced, running, discarded, pending],
    [' --oldest-first --limit 2', pending, discarded],
    [' --state pending,running', running, pending],
    [' --state pending --state discarded', discarded, pending],
    [' --subject mail.*', bounced],
    [' --error MAILBOX', bounced],
    [' --since 1h --until 1m'],
    [' --metadata customer=42 --state running', running],
    [' --metadata {"customer":"43"}'],
    [' --created-before 1970-01-01T00:00:01Z'],
    [' --created-after 1970-01-01T00:00:01Z --state running', running],
    [' --created-after 1h'],
  ] as const) {
    const { code, stdout } = await run(`find found --ids${filter}`)
    const found = stdout.split('\n').slice(0, -1)
    t.deepEqual([code, found], [expected.length > 0 ? 0 : 3, expected], filter)
  }
})

test('errors groups failures by the cause, and prints the commands that resume them', async (t) => {
  await makeConsumer(db, 'failing')
  await db.owner.query(
    `select test.task('failing', state, finalized_at => 5000, attempted_error =>
       array[jsonb_build_object('at', 1767225600000 + n * 1000, 'error', 'order ' || n || ' isn''t there')])
     from unnest(array['discarded', 'discarded', 'retryable']) with ordinality s (state, n)
     union all
     select test.task('failing', 'retryable', attempted_error => array['{"error": "no route"}'::jsonb])`,
  )
  const { code, stdout, stderr } = await run('errors failing --error T --created-before 1m --limit 1')
  t.deepEqual([code, stderr], [0, 'there are more than these 1: --all lists all of them\n'])
  t.regex(
    stdout,
    /^CONSUMER +TASKS +FIRST +LAST +STATES +NEWEST +FINGERPRINT\nfailing +3 +2026-01-01 .* order \* isn't there\n\n/,
  )
  t.regex(stdout, / 2 discarded, 1 retryable|1 retryable, 2 discarded/)
  const [, printed = ''] = /\n\n.*\n {2}(kanthorq-tasks resume .*)\n$/.exec(stdout) ?? []
  t.regex(
    printed,
    /^kanthorq-tasks resume failing --state discarded --error T --fingerprint 'order \* isn'\\''t there' --created-before 20/,
  )

  const groups = records<ErrorGroup>(await run('errors failing --json --newest 2'))
  t.like(groups, [
    { fingerprint: 'no route', tasks: 1, cut: true },
    { fingerprint: "order * isn't there", tasks: 1, byState: { retryable: 1 }, cut: true },
  ])
  t.like(await run('errors failing --newest 2'), { stderr: 'there are older failures: omit --newest to count them\n' })
  t.like(records(await run('errors failing --since 2026-01-01T00:00:03Z --until 2026-01-02 --json')), [{ tasks: 1 }])
  t.deepEqual(await run('errors failing --state pending'), outcome(3, '', 'no failed task of failing matches\n'))
  t.like(await run('errors --json'), { code: 0 })
})

test('find prints a table, JSON, or the number of tasks', async (t) => {
  const consumer = await makeConsumer(db, 'shown')
  const [first = '', second = ''] = await makeTasks(db, consumer, ['pending', 'available'])
  const table = await run('find shown --limit 1')
  t.like(table, { code: 0, stderr: 'there are more than these 1: --all lists all of them\n' })
  t.regex(table.stdout, /^EVENT ID +STATE +SUBJECT +ATTEMPTS +CREATED +LAST ERROR\n[^\n]+\n$/)
  t.regex(table.stdout, new RegExp(`\n${second} +available +order.created +0 of 3 +1970-01-01 `))

  const json = await run('find shown --json --oldest-first')
  const [task] = records<Task>(json)
  t.like(json, { code: 0, stderr: '' })
  t.like(task, { eventId: first, state: 'pending', metadata: { customer: '42' } })

  t.deepEqual(await run('find shown --count'), outcome(0, '2\n'))
  t.deepEqual(records(await run('find shown --count --json')), [{ count: 2 }])
  t.like(await run('find shown --count --state completed'), { code: 3, stdout: '0\n' })
  t.deepEqual(await run('find shown --state completed'), outcome(3, '', 'no task of shown matches\n'))
})

test('find lists 100 tasks by default, and all pages with --all', async (t) => {
  const consumer = await makeConsumer(db, 'many')
  const ids = await fillTable(db, consumer, 2500, ['pending'])
  t.is(records(await run('find many --json')).length, 100)
  const all = await run('find many --all --ids --oldest-first')
  t.deepEqual(all, outcome(0, `${ids.join('\n')}\n`))
})

test('find ends without an error when its reader stops early', async (t) => {
  const consumer = await makeConsumer(db, 'piped')
  await fillTable(db, consumer, 5000, ['pending'])
  const command = commandLine(['find', consumer, '--all', '--json'])
  const { code, stdout, stderr } = await runProgram('bash', ['-o', 'pipefail', '-c', '"$@" | head -1', '-', ...command], {
    env: { DATABASE_URL: db.url },
  })
  t.deepEqual([code, stderr], [0, ''])
  t.is(stdout.split('\n').length, 2)
})

test('a failing write is reported in one line', async (t) => {
  if (!existsSync('/dev/full')) {
    t.log('not tested: this system has no /dev/full')
    t.pass()
    return
  }
  const command = commandLine(['stats', await makeConsumer(db, 'full'), '--json'])
  await makeTasks(db, 'full', ['pending'])
  const { code, stderr } = await runProgram('bash', ['-c', '"$@" > /dev/full', '-', ...command], {
    env: { DATABASE_URL: db.url },
  })
  t.deepEqual([code, stderr], [1, 'ENOSPC: no space left on device, write\n'])
})

test('control characters in errors of tasks do not reach the terminal', async (t) => {
  await makeConsumer(db, 'steered')
  await db.owner.query(
    `select test.task('steered', 'discarded',
       attempted_error => array[jsonb_build_object('error', E'red \\x1b[31m\\nand a second line')])`,
  )
  const { stdout } = await run('find steered')
  t.regex(stdout, / red {2}\[31m and a second line\n$/)
})

test('warnings and errors of the server are printed, without control characters', async (t) => {
  const consumer = await makeConsumer(db, 'warned')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  await db.owner.query(
    `create function public.warn() returns trigger language plpgsql as $$
     begin
       raise notice 'not for users';
       raise warning e'red \x1b[31m' using hint = e'one\nline';
       if new.state < 0 then
         raise e'refused\x07';
       end if;
       return new;
     end
     $$;
     create trigger warn before update on ${await taskTable(db, consumer)} for each row execute function public.warn()`,
  )
  const warning = 'warning: red  [31m\none line\n'
  t.deepEqual(await run(`cancel warned ${id}`), outcome(1, '', `${warning}refused\n`))
})

test('explain shows what can be done about each task, and why', async (t) => {
  const consumer = await makeConsumer(db, 'explained')
  const [id = ''] = await makeTasks(db, consumer, ['pending'])
  const lines =
    `${id}  pending\n` +
    '  pending: no worker takes it until a person acts; cancel it, then resume it\n' +
    '  cancel would take it\n'
  t.deepEqual(await run(`explain explained ${id}`), outcome(0, lines))

  const json = await run(`explain explained event_none ${id} --json`)
  t.is(json.code, 0)
  t.like(records<Explanation>(json), [
    { eventId: 'event_none', state: null, canCancel: false },
    { eventId: id, state: 'pending', canCancel: true },
  ])
  t.like(await run('explain explained event_none'), { code: 3, stderr: '' })
})

test('show lists what happened to a task, of all consumers or of one', async (t) => {
  const consumer = await makeConsumer(db, 'told')
  const [id = ''] = await makeTasks(db, consumer, ['retryable'])
  await run(`cancel told ${id} --reason INC-42`)
  const { code, stdout } = await run(`show ${id}`)
  t.is(code, 0)
  t.regex(
    stdout,
    /^CONSUMER .*\ntold .* made .*\ntold .* cancel +from retryable to cancelled .* INC-42\ntold .* now +cancelled at .*\n$/,
  )
  const entries = records<HistoryEntry>(await run(`show ${id} told --json`))
  t.deepEqual(
    entries.map(({ what, undone }) => [what, undone]),
    [
      ['made', null],
      ['cancel', false],
      ['now', null],
    ],
  )
  t.deepEqual(await run('show event_none'), outcome(3, '', 'no consumer has a task of this event\n'))
})

test('missed lists the events without a task, and the owner makes their tasks', async (t) => {
  await makeConsumer(db, 'passing')
  t.deepEqual(await run('missed passing'), outcome(0, '', 'passing has missed no event\n'))
  const { rows } = await db.owner.query<{ id: string }>(
    "select kanthorq_stream_publish('passing_stream', 'order.created', '') as id from generate_series(1, 2)",
  )
  const ids = rows.map(({ id }) => id)
  await db.owner.query("update kanthorq_consumer_registry set cursor = $1 where name = 'passing'", [ids.at(-1)])
  const { code, stdout } = await run('missed passing --since 1h')
  t.is(code, 0)
  t.regex(stdout, new RegExp(`^EVENT ID .*\\n${ids[0] ?? ''} +order.created .*\\n${ids[1] ?? ''} .*\\n$`))
  for (const line of ['missed passing --json', 'missed passing --convert --dry-run --json'])
    t.like(records(await run(line)), [{ eventId: ids[0], subject: 'order.created' }, { eventId: ids[1] }])

  t.regex((await run('missed passing --convert')).stderr, /no terminal to ask on/)
  const owner = runOn({ url: db.ownerUrl })
  const made = await owner('missed passing --convert --yes')
  t.like(made, { code: 0, stdout: `${ids.join('\n')}\n` })
  t.regex(made.stderr, /^2 tasks made, due at \d{4}-.*\n$/)
  t.deepEqual(await owner('missed passing --convert --yes'), outcome(0, '', 'passing has missed no event\n'))
})

test('hold and release say how the consumer stands, and stats and doctor show a hold', async (t) => {
  const consumer = await makeConsumer(db, 'stopped')
  await makeTasks(db, consumer, ['running'])
  const held = /^stopped is held since \d{4}-.* by .* because 'INC-42'\n$/
  const first = await run('hold stopped --reason INC-42')
  t.is(first.code, 0)
  t.regex(first.stdout, held)
  const second = await run('hold stopped --reason INC-43')
  t.is(second.code, 3)
  t.regex(second.stdout, held)
  t.regex((await run('stats stopped')).stderr, held)
  t.regex(
    (await run('doctor')).stdout,
    /info: consumer 'stopped' is held .*\n {2}# when it may go on:\n {2}kanthorq-tasks release stopped\n/,
  )
  const [log] = records<Operation>(await run('log stopped --action hold --json'))
  t.like(log, { action: 'hold', reason: 'INC-42', tasks: 0 })
  const undo = await run(`undo ${log?.id ?? ''} --yes`)
  t.regex(undo.stderr, /^operation \d+ is a hold\nEnd a hold with "kanthorq-tasks release CONSUMER"/)
  t.like(records(await run('hold stopped --intake-only --json')), [{ consumer, changed: true }])
  t.deepEqual(await run('release stopped'), outcome(0, 'stopped is released\n'))
  t.deepEqual(await run('release stopped'), outcome(3, 'stopped was not held\n'))
  t.deepEqual(records(await run('release stopped --json')), [{ consumer, changed: false }])
})

test('--state accepts exactly the states that the functions take', async (t) => {
  const consumer = await makeConsumer(db, 'taken')
  const ids = await makeTasks(db, consumer, states)
  await db.owner.query("select test.task('taken', 'running', attempt_count => 4)")
  const stuck = records<Task>(await run('find taken --state running --json'))
  const all = [...ids, ...stuck.filter((task) => task.stuck).map(({ eventId }) => eventId)]
  const explanations = records<Explanation>(await run(`explain taken ${all.join(' ')} --running --json`))
  for (const action of ['cancel', 'resume', 'discard'] as const) {
    const taken = explanations.filter((explanation) => actionsFor(explanation).includes(action))
    t.deepEqual([...new Set(taken.map(({ state }) => state))].sort(), [...transitions[action].takes].sort(), action)
  }
})

test('log lists operations, selected by its options', async (t) => {
  const consumer = await makeConsumer(db, 'logged')
  const [a = '', b = ''] = await makeTasks(db, consumer, ['pending', 'available'])
  t.deepEqual(await run('log logged'), outcome(3, '', 'the log has no such operation\n'))
  await run(`cancel logged ${a} ${b} --reason INC-1`)
  await run(`resume logged ${a}`)
  const table = await run('log logged')
  t.like(table, { code: 0, stderr: '' })
  t.regex(
    table.stdout,
    /^ *ID +AT +ACTION +BATCHES +CONSUMER +TASKS +FROM +BY +WITH +REASON\n.* resume +1 +logged +1 +1 cancelled /,
  )
  t.regex(table.stdout, /cancel +1 +logged +2 +1 \w+, 1 \w+ +\w+ +kanthorq-tasks +INC-1\n$/)

  const [resume, cancel] = records<Operation>(await run('log logged --json'))
  t.like(cancel, { action: 'cancel', applicationName: 'kanthorq-tasks', eventIds: [a, b] })
  for (const [filter, ...expected] of [
    [`--event ${b}`, cancel],
    ['--action resume', resume],
    ['--reason INC-1', cancel],
    ['--actor nobody'],
    [`--actor ${cancel?.actor ?? ''}`, resume, cancel],
    ['--limit 1', resume],
  ] as const)
    t.deepEqual(records(await run(`log logged --json ${filter}`)), expected, filter)
  t.regex((await run('log logged --limit 1')).stderr, /^there are more than these 1: --all/)
})

test('log --all lists all pages', async (t) => {
  const consumer = await makeConsumer(db, 'long_log')
  await fillTable(db, consumer, 230, ['pending'])
  await run('cancel long_log --everything --batch-size 1 --pause 0s --yes')
  t.like(records(await run('log long_log --json')), [{ tasks: 230, batches: 230 }])
  t.is(records(await run('log long_log --json --batches')).length, 100)
  const all = records<Operation>(await run('log long_log --json --batches --all'))
  t.is(new Set(all.map(({ id }) => id)).size, 230)
})
