import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import pg from 'pg'
import { loadPgtap } from '../../scripts/load-pgtap.ts'
import { findTapFiles, runTapFiles } from '../../scripts/pg-tap-runner.ts'
import { startServer } from '../../scripts/server.ts'
import { createDatabase, createRole } from '../../scripts/throwaway-database.ts'
import { runProgram } from '../support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'pg-tap-runner-'))
let url = ''
let role = ''
let stop = () => Promise.resolve()

test.before(async () => {
  const server = await startServer()
  stop = server.stop
  const plain = await createRole(server.url)
  role = plain.name
  const database = await createDatabase(server.url)
  url = database.url
  const owner = new pg.Client(url)
  await owner.connect()
  await owner.query(`grant create on database ${database.name} to ${role}; create table secret ()`)
  await owner.end()
  // Nothing here may need more than CREATE on the database; and a second time does nothing.
  const login = Object.assign(new URL(url), { username: role, password: plain.password })
  const client = new pg.Client(login.href)
  await client.connect()
  await loadPgtap(client)
  await loadPgtap(client)
  await client.end()
})

test.after.always(async () => {
  rmSync(folder, { recursive: true })
  await stop()
})

function write(name: string, sql: string): string {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, sql)
  return file
}

/** Runs files and returns the counts and the report. */
async function run(files: string[], as?: string) {
  let report = ''
  const write = (text: string) => (report += text)
  const counts = await runTapFiles({ url, files, write, ...(as !== undefined && { role: as }) })
  return { ...counts, report: stripVTControlCharacters(report) }
}

/** What files say, how many tests pass and fail, and what the report has of it; FILE is the file. */
const files: [what: string, sql: string, passed: number, failed: number, ...report: string[]][] = [
  [
    'tests that are ok pass',
    `begin; select plan(2); select is(1, 1, 'one'); select results_eq('values (1), (2)', array[1, 2], 'two');
     select * from finish(); rollback;`,
    ...([2, 0, '✓ FILE  2 passed', '\n\n2 passed, 0 failed\n'] as const),
  ],
  [
    'a failed test is shown with its line, its description and its diagnostics',
    `-- Ünicode before the test: lines are not counted in bytes
begin;
select plan(2);

-- a comment
select is(
  1,
  2,
  'one is two'
);
select ok(true);`,
    ...([1, 1, '✗ FILE:6  one is two\n          have: 1\n          want: 2\n'] as const),
  ],
  [
    'fewer tests than planned fail',
    'select plan(3); select ok(true);',
    ...([1, 1, 'the plan does not match: planned 3 tests, ran 1'] as const),
  ],
  [
    'more tests than planned fail',
    'select plan(1); select ok(true); select ok(true);',
    ...([1, 2, 'the plan does not match: planned 1 tests, ran 2'] as const),
  ],
  ['a missing plan fails', "select 'ok 1 - by hand'", 1, 1, 'the plan is missing'],
  ['an empty file fails', '', 0, 1, 'no test ran'],
  ['a comment alone fails', '-- nothing', 0, 1, 'no test ran'],
  ['a plan of no tests fails', "select '1..0'", 0, 1, 'no test ran'],
  [
    'an error of the parser fails at the line of its position',
    'begin; -- 😀 is one character\nselect plan(1);\nselect\n  ok(true) frm nowhere;',
    ...([0, 1, 'FILE:4  SQL error: syntax error at or near "nowhere"', 'SQLSTATE: 42601'] as const),
  ],
  [
    'an error without a position fails at the line of its statement',
    `begin; select plan(3); select ok(true);

do $$ begin
  raise exception 'boom' using errcode = 'KQ001', detail = 'more', hint = 'do it';
end $$;
select ok(true);`,
    ...([1, 1, 'FILE:3  SQL error: boom\n  SQLSTATE: KQ001\n'] as const),
    ...['detail: more\n  hint: do it\n', 'not run: 2 of 3 tests'],
  ],
  [
    'a bail out fails',
    "select plan(2);\nselect ok(true);\nselect 'Bail out! no fixture';",
    ...([1, 1, 'FILE:3  bailed out: no fixture\n  not run: 1 of 2 tests\n'] as const),
  ],
  [
    'skipped and todo tests fail',
    "select plan(2); select skip('too slow', 1); select todo('later', 1); select ok(true, 'open');",
    ...([0, 2, 'skipped (too slow)', 'todo (later)'] as const),
  ],
  [
    'psql commands fail',
    '\\set x 1\nselect plan(1); select ok(true);',
    ...([0, 1, 'FILE:1  SQL error: syntax error at or near "\\"'] as const),
  ],
]

for (const [what, sql, passed, failed, ...texts] of files) {
  test(what, async (t) => {
    const file = write(`${what}.sql`, sql)
    const { report, ...counts } = await run([file])
    t.deepEqual(counts, { passed, failed }, report)
    for (const each of texts) t.true(report.includes(each.replace('FILE', file)), report)
  })
}

test('the role runs the whole file, even after a reset', async (t) => {
  const file = write(
    'role.sql',
    `begin; select plan(3); reset role;
    select is(current_user, '${role}', 'current_user');
    select is(session_user, '${role}', 'session_user');
    select throws_ok('select * from public.secret', '42501', 'permission denied for table secret', 'no right');
    rollback;`,
  )
  const { passed, failed, report } = await run([file], role)
  t.deepEqual([passed, failed], [3, 0], report)
})

test('a file does not see what the one before it did to its session', async (t) => {
  const file = write('session.sql', 'create temp table once (); select plan(1); select pass();')
  t.like(await run([file, file]), { passed: 2, failed: 0 })
})

test('folders are searched to the bottom, in sorted order', async (t) => {
  const names = ['z.sql', 'a.sql', 'b/c/d.sql', 'readme.md']
  for (const name of names) write(join('tree', name), '')
  const tree = join(folder, 'tree')
  t.deepEqual(
    await findTapFiles([tree, join(tree, 'a.sql')]),
    ['a.sql', 'b/c/d.sql', 'z.sql'].map((name) => join(tree, name)),
  )
})

test('the exit code of the program tells whether all is well', async (t) => {
  const program = (...args: string[]) =>
    runProgram('npx', ['tsx', 'scripts/pg-tap-runner.ts', '--url', url, ...args])
  const good = write('good.sql', 'select plan(1); select pass();')
  const bad = write('bad.sql', 'select plan(1); select fail();')
  const [passed, failed, none, wrong] = await Promise.all([
    program(good),
    program(good, bad),
    program(folder, '--nonesuch'),
    program('no/such/folder'),
  ])
  t.is(passed.code, 0, passed.stderr)
  t.regex(passed.stdout, /\n1 passed, 0 failed\n$/)
  t.is(failed.code, 1)
  t.regex(failed.stdout, /\n1 passed, 1 failed\n$/)
  for (const { code, stderr } of [none, wrong]) {
    t.is(code, 2)
    t.regex(stderr, /Usage: tsx scripts\/pg-tap-runner\.ts/)
  }
})
