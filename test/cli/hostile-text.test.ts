// Text from the database and from the command line never steers a terminal, and long texts are cut.
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import type { Operation } from 'kanthorq-tasks'
import { quoted } from '../../src/cli/arguments/retyped-command.ts'
import { commandLine, kanthorqTasks, records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { runProgram } from '../support/run-program.ts'
import { makeConsumer, makeTasks, taskTable } from '../support/scene.ts'
import { openTerminal } from '../support/terminal.ts'
import { runOn } from './run.ts'

const db = useDatabase(test)
/** Runs the command line without a terminal, with words that may have blanks. */
const run = (args: string[], env: NodeJS.ProcessEnv = {}) => kanthorqTasks(args, { env: { DATABASE_URL: db.url, ...env } })

/** Clears the screen, sets the title, goes to the line's start, ends lines, and turns the direction of text, in all forms. */
let hostile =
  '\x1b[2J\x1b]0;title\x07 fine\rFORGED\nFORGED \x9b31m\x85FORGED\u2028FORGED \x7f\u202eetalp\u202c \u2067x\u2069 \u061c\u200f\u206a'

/** Characters that no output may have, once line ends and our own colours are removed. */
const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u206a-\u206f]/u

/** Makes a consumer whose name, subjects, errors, metadata and reasons are hostile, and a task with a hostile id. */
async function hostileScene(name: string) {
  const { rows } = await db.owner.query<{ server_encoding: string }>('show server_encoding')
  // Of other encodings, what each has.
  if (rows[0]?.server_encoding !== 'UTF8') hostile = hostile.replace(/[^\0-\xff]/g, '')
  const consumer = `${name} ${hostile}`
  await makeConsumer(db, name)
  const [done = '', failed = ''] = await makeTasks(db, name, ['completed', 'discarded'])
  const table = await taskTable(db, name)
  await db.owner.query(
    `update ${table} set subject = $1::text, metadata = jsonb_build_object('a', $1::text),
       attempted_error = array[jsonb_build_object('error', $1::text)]`,
    [hostile],
  )
  // KanthorQ allows ids of 64 characters.
  const id = `event_${hostile.slice(0, 40)}`
  await db.owner.query(`update ${table} set event_id = $1 where event_id = $2`, [id, failed])
  await db.owner.query('update kanthorq_consumer_registry set name = $1 where name = $2', [consumer, name])
  await run(['resume', consumer, id, '--reason', hostile], { PGAPPNAME: name })
  return { consumer, done, id, table }
}

const commands: [name: string, args: (scene: { consumer: string; done: string; id: string }) => string[]][] = [
  ['find', ({ consumer }) => ['find', consumer]],
  ['find --ids', ({ consumer }) => ['find', consumer, '--ids']],
  ['find --json', ({ consumer }) => ['find', consumer, '--json']],
  ['find --csv', ({ consumer }) => ['find', consumer, '--csv']],
  ['find, nothing found', ({ consumer }) => ['find', consumer, '--subject', 'none']],
  ['find, an unknown consumer', () => ['find', hostile]],
  ['stats', () => ['stats']],
  ['errors', () => ['errors']],
  ['errors --json', () => ['errors', '--json']],
  ['explain', ({ consumer, id, done }) => ['explain', consumer, id, done, hostile]],
  ['show', ({ id }) => ['show', id]],
  ['missed', ({ consumer }) => ['missed', consumer, '--since', '2000-01-01']],
  ['hold', ({ consumer }) => ['hold', consumer, '--reason', hostile]],
  ['hold as JSON', ({ consumer }) => ['hold', consumer, '--intake-only', '--reason', hostile, '--json']],
  ['stats of a held consumer', () => ['stats']],
  ['an estimate of a held consumer', () => ['stats', '--estimate']],
  ['consumers', () => ['consumers']],
  ['top', () => ['top', '--once']],
  ['rates', () => ['rates', '--since', '1m']],
  ['rates, a bad bucket', () => ['rates', '--bucket', hostile]],
  ['log of a held consumer', ({ consumer }) => ['log', consumer, '--action', 'hold']],
  ['doctor of a held consumer', () => ['doctor']],
  ['release', ({ consumer }) => ['release', consumer]],
  ['release, an unknown consumer', () => ['release', hostile]],
  ['purge, preview', ({ consumer }) => ['purge', 'tasks', consumer, '--before', '1s', '--dry-run']],
  ['purge, a bad archive', ({ consumer }) => ['purge', 'tasks', consumer, '--before', '1s', '--archive', hostile, '--yes']],
  ['purge, an unknown stream', () => ['purge', 'events', hostile, '--before', '1s', '--dry-run']],
  ['cancel by id', ({ consumer, id, done }) => ['cancel', consumer, id, done, hostile]],
  ['discard by id', ({ consumer, id, done }) => ['discard', consumer, id, done, hostile]],
  ['resume, preview', ({ consumer }) => ['resume', consumer, '--everything', '--dry-run']],
  ['resume, preview as JSON', ({ consumer }) => ['resume', consumer, '--everything', '--dry-run', '--json']],
  ['discard, nothing to do', ({ consumer }) => ['discard', consumer, '--everything', '--dry-run']],
  ['discard of all consumers, preview', () => ['discard', '*', '--everything', '--dry-run']],
  ['log', () => ['log']],
  ['log --json', () => ['log', '--json']],
  ['log --csv', () => ['log', '--csv']],
  ['undo, preview', () => ['undo', '--last', '--dry-run']],
  ['undo, a bad id', () => ['undo', hostile]],
  ['doctor', () => ['doctor']],
  ['completion', () => ['complete', '--', 'find', '']],
  ['grant', () => ['grant', hostile, 'viewer']],
  ['an unknown command', () => [hostile]],
  ['a bad value', () => ['find', 'a', '--state', hostile]],
]

test('no control or direction character reaches a terminal, from any command, nor begins a line', async (t) => {
  const scene = await hostileScene('steered')
  for (const [name, args] of commands) {
    const { raw } = await openTerminal(t, args(scene), {
      DATABASE_URL: name.startsWith('purge') ? db.ownerUrl : db.url,
    }).end()
    const text = raw.replaceAll('\r\n', '\n')
    // Our own escape codes are colours.
    // eslint-disable-next-line no-control-regex
    const left = text.replace(/\x1b\[\d+m/g, '').replaceAll('\n', '')
    t.notRegex(left, steering, `${name}:\n${JSON.stringify(raw)}`)
    t.notRegex(stripVTControlCharacters(text), /^FORGED/m, name)
  }
})

test('the question has no control characters', async (t) => {
  const scene = await hostileScene('questioned')
  await db.owner.query(`update ${scene.table} set state = _kanthorq_task_state('cancelled')`)
  const terminal = openTerminal(t, ['resume', scene.consumer, '--everything'], { DATABASE_URL: db.url, TERM: 'dumb' })
  await terminal.until(/\? \[y\/N\] $/)
  terminal.type('n\r')
  const { raw } = await terminal.end()
  t.notRegex(raw.replaceAll(/\r+\n/g, ''), steering)
})

test('into a pipe, ids and values stay exact', async (t) => {
  const { consumer, id } = await hostileScene('exact')
  t.true((await run(['find', consumer, '--ids'])).stdout.split(`${id}\n`).length === 2)
  const found = records<{ eventId: string; subject: string }>(await run(['find', consumer, '--json', '--state', 'running']))
  t.like(found, [{ eventId: id, subject: hostile }])
  const logged = records<Operation>(await run(['log', consumer, '--json']))
  t.like(logged, [{ reason: hostile, consumerName: consumer }])
})

test('the command that errors prints for a cause means that cause, whatever its text', async (t) => {
  const { consumer, table } = await hostileScene('retyped')
  await db.owner.query(`update ${table} set state = _kanthorq_task_state('discarded')`)
  const { stdout } = await run(['errors', consumer])
  const [printed = ''] = /(?<=^ {2})kanthorq-tasks resume .*$/m.exec(stdout) ?? []
  const script = `kanthorq-tasks() { ${commandLine([]).map(quoted).join(' ')} "$@"; }\n${printed} --yes`
  const { code, stdout: resumed, stderr } = await runProgram('bash', ['-c', script], { env: { DATABASE_URL: db.url } })
  t.deepEqual([code, resumed], [0, '2 tasks resumed\n'], `${printed}\n${stderr}`)
})

test('a long error is cut in every command for people', async (t) => {
  const consumer = await makeConsumer(db, 'long_errors')
  const ids = await makeTasks(db, consumer, ['discarded', 'discarded', 'completed'])
  const table = await taskTable(db, consumer)
  await db.owner.query(`update ${table} set attempted_error = array[jsonb_build_object('error', repeat('long ', 60000))]`)
  for (const args of [
    ['find', consumer],
    ['errors', consumer],
    ['explain', consumer, ...ids],
    ['cancel', consumer, ...ids],
    ['resume', consumer, '--everything', '--dry-run'],
  ]) {
    const { stdout, stderr } = await run(args)
    t.true(stdout.length + stderr.length < 5000, args.join(' '))
  }
  const { stdout } = await run(['find', consumer, '--json', '--limit', '1'])
  t.true(stdout.length > 300_000, 'JSON has all of it')
})

// On its own, because the last operation has to be its own.
test.serial('TERM=dumb gets no escape codes, from any command', async (t) => {
  const consumer = await makeConsumer(db, 'dumb')
  await makeTasks(db, consumer, ['pending', 'pending', 'pending', 'discarded'])
  for (const line of [
    'cancel dumb --everything --yes --batch-size 1 --pause 0s',
    'find dumb',
    'stats',
    'log',
    'doctor',
    'undo --last --yes',
    'find nobody',
  ]) {
    const { raw } = await openTerminal(t, line.split(' '), { DATABASE_URL: db.url, TERM: 'dumb', FORCE_COLOR: '1' }).end()
    t.false(raw.includes('\x1b'), `${line}:\n${JSON.stringify(raw)}`)
  }
})

test('COLUMNS is the width of tables', async (t) => {
  const consumer = await makeConsumer(db, 'narrow')
  await makeTasks(db, consumer, ['pending'])
  const widest = async (columns: string) => {
    const { stdout } = await runOn(db, { COLUMNS: columns })('find narrow')
    return Math.max(...stdout.split('\n').map((line) => line.length))
  }
  t.true((await widest('60')) <= 60)
  t.true((await widest('0')) > 60)
  const { screen } = await openTerminal(t, ['find', 'narrow'], { DATABASE_URL: db.url, COLUMNS: '60' }, 200).end()
  t.true(Math.max(...screen.split('\r\n').map((line) => line.length)) <= 60)
})
