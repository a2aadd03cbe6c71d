// The layout of tables, progress, times and command lines, without a server or a terminal.
import test from 'ava'
import { Command } from 'commander'
import { addFilter } from '../../src/cli/arguments/filter-options.ts'
import { addCommon } from '../../src/cli/arguments/common-options.ts'
import { duration, futureTime, pastTime } from '../../src/cli/arguments/option-parsers.ts'
import { quoted, retypedCommand } from '../../src/cli/arguments/retyped-command.ts'
import { progressText } from '../../src/cli/terminal/progress-bar.ts'
import { cutOff, formatDuration, formatTime } from '../../src/cli/terminal/format.ts'
import { rendered, textOf } from '../../src/cli/terminal/line.ts'
import { Table, type Column } from '../../src/cli/terminal/table.ts'

interface Row {
  id: string
  text: string
  more: string
}

const columns: Column<Row>[] = [
  { title: 'ID', text: ({ id }) => id, align: 'right', colour: () => 'stuck' },
  { title: 'TEXT', text: ({ text }) => text, shrinkTo: 6 },
  { title: 'MORE', text: ({ more }) => more, leaveOut: 1 },
]

const rows: Row[] = [
  { id: '1', text: 'a short one', more: 'x' },
  { id: '20', text: 'one that is longer', more: '' },
]

function lines(width: number): string[] {
  return new Table(columns, width).lines(rows).map(textOf)
}

test('a table with enough room is as wide as its content', (t) => {
  t.deepEqual(lines(Infinity), ['ID  TEXT                MORE', ' 1  a short one         x', '20  one that is longer'])
})

test('a table that is too wide shrinks columns, then omits columns', (t) => {
  t.deepEqual(lines(20), ['ID  TEXT        MORE', ' 1  a short o…  x', '20  one that …'])
  t.deepEqual(lines(15), ['ID  TEXT', ' 1  a short one', '20  one that i…'])
  t.deepEqual(lines(3), ['ID  TEXT', ' 1  a sho…', '20  one t…'])
  for (let width = 10; width < 40; width += 1) for (const line of lines(width)) t.true(line.length <= width, line)
})

test('a table keeps the layout of its first rows, and has headings once', (t) => {
  const later = (width: number) => {
    const table = new Table(columns, width)
    table.lines([{ id: '1', text: 'abcd', more: '' }])
    return table.lines([{ id: '100', text: 'efghij', more: 'z' }]).map(textOf)
  }
  t.deepEqual(later(80), ['100  efg…  z'])
  t.deepEqual(later(Infinity), ['100  efghij  z'], 'without a terminal nothing is cut')
})

test('colours add no width, and end with the text', (t) => {
  const [, line = []] = new Table(columns, Infinity).lines(rows)
  t.is(
    rendered(line, (as, text) => `<${as}>${text}</>`),
    ' <stuck>1</>  a short one         x',
  )
})

test('a text is cut by columns of the terminal, not by characters', (t) => {
  t.is(cutOff('日本語の名前', 7), '日本語…')
  t.is(cutOff('👩‍👩‍👧‍👦 family', 5), '👩‍👩‍👧‍👦 f…')
  t.is(cutOff('fits', 4), 'fits')
})

const half = { done: 'cancelled', tasks: 50_000, total: 200_000, elapsed: 5000 }

test('the progress shows a bar, the rate and the remaining time', (t) => {
  t.is(progressText(half, 80), 'cancelled 50,000 of 200,000 [#####---------------] 25% 10,000/s 15s left')
  t.is(progressText(half, Infinity), 'cancelled 50,000 of 200,000 25% 10,000/s 15s left')
  t.is(progressText({ ...half, total: undefined }, 80), 'cancelled 50,000 10,000/s')
  t.is(progressText({ ...half, tasks: 0, total: 10 }, 80), `cancelled 0 of 10 [${'-'.repeat(20)}] 0%`)
})

test('the progress never exceeds 100 percent, nor fills the last column of a terminal', (t) => {
  t.regex(progressText({ ...half, total: 40_000 }, Infinity), / of 40,000 100% 10,000\/s 0s left$/)
  for (let width = 10; width < 100; width += 1) t.true(progressText(half, width).length < width)
})

test('times have the format of psql, and options accept them', (t) => {
  const time = new Date('2026-01-31T03:04:05Z')
  t.deepEqual(pastTime(formatTime(time)), time)
  t.is(formatTime(null), '')
  t.deepEqual(pastTime('2026-01-31 03:04:05+00'), time)
  t.deepEqual(pastTime('2026-01-31T04:04:05+01:00'), time)
  t.deepEqual(pastTime('2026-01-31t03:04:05z'), time)
  t.deepEqual(pastTime('2026-01-31'), new Date(2026, 0, 31))
  t.true(pastTime('2h').getTime() < Date.now())
  t.true(futureTime('2h').getTime() > Date.now())
})

test('a time of day is the last one, or the next', (t) => {
  const now = Date.now()
  for (const [hours, minutes] of [
    [0, 0],
    [2, 30],
    [new Date().getHours(), new Date().getMinutes()],
    [23, 59],
  ] as const) {
    const text = `${hours}:${String(minutes).padStart(2, '0')}`
    const [past, future] = [pastTime(text), futureTime(`${text}:00`)]
    for (const time of [past, future]) t.deepEqual([time.getHours(), time.getMinutes(), time.getSeconds()], [hours, minutes, 0])
    t.true(past.getTime() <= Date.now() && past.getTime() > now - 26 * 3_600_000, text)
    t.true(future.getTime() >= now && future.getTime() < Date.now() + 26 * 3_600_000, text)
  }
})

test('a duration requires a unit', (t) => {
  const written = ['500ms', '90s', '1.5m', '2 h', '7d', '1w']
  t.deepEqual(
    written.map((text) => duration(text).milliseconds),
    [500, 90_000, 90_000, 7_200_000, 604_800_000, 604_800_000],
  )
  t.throws(() => duration('5'), { message: /500ms/ })
  t.is(formatDuration(1), '1s')
  t.is(formatDuration(200_000), '3m 20s')
  t.is(formatDuration(3_900_000), '1h 5m')
})

test('a retyped command is quoted for a shell, without the password', (t) => {
  const command = addCommon(addFilter(new Command('cancel').argument('<consumer>'))).option('--limit <n>')
  const program = new Command('kanthorq-tasks').addCommand(command)
  command.action(() => undefined)
  const words = ['cancel', 'send_email', '--url', 'postgres://me:p@ss@host/db?password=other']
  program.parse([...words, '--error', "it's", '--metadata', 'a=b', '--limit', '5'], {
    from: 'user',
  })
  t.is(
    retypedCommand(command, { limit: 2 }),
    `kanthorq-tasks cancel send_email --metadata '{"a": "b"}' --error 'it'\\''s' --url 'postgres://me:PASSWORD@host/db?password=PASSWORD' --limit 2`,
  )
  t.is(quoted("it's \x1b[31m\u202e\\n"), "$'it\\'s \\u001b[31m\\u202e\\\\n'")
})
