import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { runTapFiles } from '../../scripts/pg-tap-runner.ts'
import { useDatabase } from '../support/database.ts'

const db = useDatabase(test)
const folder = mkdtempSync(join(tmpdir(), 'pg-tap-runner-'))
test.after.always(() => {
  rmSync(folder, { recursive: true })
})

/** Runs a file as often as asked for; returns the counts and the report, in which FILE is the file. */
async function run(name: string, sql: string, times = 1) {
  const file = join(folder, `${name}.sql`)
  writeFileSync(file, sql)
  let report = ''
  const write = (text: string) => (report += text)
  const counts = await runTapFiles({
    url: db.ownerUrl,
    files: Array<string>(times).fill(file),
    write,
  })
  return { counts, report: stripVTControlCharacters(report).replaceAll(file, 'FILE') }
}

/** What files say, how many tests pass and fail, and what the report has of it. */
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
  ['fewer tests than planned fail', 'select plan(3); select pass();', 1, 1, 'planned 3 tests, ran 1'],
  [
    'more tests than planned fail',
    'select plan(1); select pass(); select pass();',
    ...([1, 2, 'planned 1 tests, ran 2'] as const),
  ],
  ['a missing plan fails', "select 'ok 1 - by hand'", 1, 1, 'planned no tests, ran 1'],
  ['a comment alone fails', '-- nothing', 0, 1, 'no test ran'],
  ['a plan of no tests fails', "select '1..0'", 0, 1, 'no test ran'],
  [
    'an error of the parser fails at the line of its position',
    'begin; -- 😀 is one character\nselect plan(1);\nselect\n  ok(true) frm nowhere;',
    ...([0, 1, 'FILE:4  SQL error: syntax error at or near "nowhere"', 'SQLSTATE: 42601'] as const),
  ],
  [
    'an error inside a statement fails at the line of its position, after the tests before it',
    'select plan(2); select pass();\n-- 😀 is one character\nselect\n  ok(nothing);',
    ...([1, 1, 'FILE:4  SQL error: column "nothing" does not exist'] as const),
  ],
  [
    'an error without a position fails at the line of its statement',
    `begin; select plan(3); select ok(true);

do $$ begin
  raise exception 'boom' using errcode = 'KQ001', detail = 'more', hint = 'do it';
end $$;
select ok(true);`,
    ...([1, 1, 'FILE:3  SQL error: boom\n  SQLSTATE: KQ001\n', 'detail: more\n  hint: do it\n'] as const),
  ],
  [
    'a bail out fails',
    "select plan(2);\nselect ok(true);\nselect 'Bail out! no fixture';",
    ...([1, 1, 'FILE:3  bailed out: no fixture\n'] as const),
  ],
  [
    'skipped and todo tests fail',
    "select plan(2); select skip('too slow', 1); select todo('later', 1); select ok(true, 'open');",
    ...([0, 2, 'skipped (too slow)', 'todo (later)'] as const),
  ],
]

for (const [what, sql, passed, failed, ...texts] of files) {
  test(what, async (t) => {
    const { counts, report } = await run(what, sql)
    t.deepEqual(counts, { passed, failed }, report)
    for (const each of texts) t.true(report.includes(each), report)
  })
}

test('a file does not see what the one before it did to its session', async (t) => {
  const sql = 'create temp table once (); select plan(1); select pass();'
  t.like(await run('twice', sql, 2), { counts: { passed: 2, failed: 0 } })
})
