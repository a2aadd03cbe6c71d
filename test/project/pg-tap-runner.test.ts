import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import pg from 'pg'
import { Parser, type FinalResults } from 'tap-parser'
import { loadPgtap } from '../../scripts/load-pgtap.ts'
import { findTapFiles, runTapFiles } from '../../scripts/pg-tap-runner.ts'
import { startServer } from '../../scripts/server.ts'
import { createDatabase } from '../../scripts/throwaway-database.ts'

interface Context {
  url: string
  folder: string
}
const test = anyTest as TestFn<Context>

const role = `tap_runner_${process.pid}`
const cleanups: (() => Promise<unknown>)[] = []

test.before(async (t) => {
  const server = await startServer()
  cleanups.unshift(() => server.stop())
  const database = await createDatabase(server.url)
  cleanups.unshift(() => database.drop())

  await withClient(database.url, async (client) => {
    await client.query(`create role ${role}`)
    cleanups.unshift(() => dropRole(database.url))
    // pgTAP is loaded by a plain role: nothing here may need more than CREATE on the database.
    await client.query(`
      grant create on database ${client.escapeIdentifier(database.name)} to ${role};
      set session authorization ${role};
    `)
    await loadPgtap(client)
    await loadPgtap(client)
    await client.query('reset session authorization; create table secret (a integer)')
  })

  const folder = await mkdtemp(join(tmpdir(), 'pg-tap-runner-'))
  cleanups.unshift(() => rm(folder, { recursive: true }))
  t.context = { url: database.url, folder }
})

test.after.always(async () => {
  for (const cleanup of cleanups) await cleanup()
})

async function withClient(url: string, use: (client: pg.Client) => Promise<unknown>) {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}

function dropRole(url: string) {
  return withClient(url, (client) =>
    client.query(`drop owned by ${role} cascade; drop role ${role}`),
  )
}

/** Runs one file with the given text and returns the counts and what was written. */
async function run(
  t: ExecutionContext<Context>,
  sql: string,
  options: { role?: string; reporter?: 'tap' | 'report' } = {},
) {
  const file = join(t.context.folder, `${t.title.replaceAll(/\W+/g, '-')}.sql`)
  await writeFile(file, sql)
  let output = ''
  const counts = await runTapFiles({
    url: t.context.url,
    files: [file],
    reporter: 'report',
    write: (text) => (output += text),
    ...options,
  })
  return { ...counts, file, output: stripVTControlCharacters(output) }
}

test('a file whose tests are all ok passes', async (t) => {
  const { passed, failed, output } = await run(
    t,
    `begin;
    select plan(2);
    select is(1, 1, 'one is one');
    select results_eq('values (1), (2)', array[1, 2], 'two rows');
    select * from finish();
    rollback;`,
  )
  t.deepEqual([passed, failed], [2, 0])
  t.regex(output, /^✓ .*2 passed.*\n\n2 passed, 0 failed\n$/)
})

test('a failed test is shown with its line, its description and its diagnostics', async (t) => {
  const { passed, failed, file, output } = await run(
    t,
    `-- Ünicode before the test: lines are not counted in bytes
begin;
select plan(2);
create temp table shelf (a integer);

-- a comment
select is(
  1,
  2,
  'one is two'
);
select ok(true);
select * from finish();
rollback;`,
  )
  t.deepEqual([passed, failed], [1, 1])
  t.true(output.includes(`✗ ${file}:7  one is two\n          have: 1\n          want: 2\n`), output)
})

test('a plan that does not match fails', async (t) => {
  const { passed, failed, output } = await run(t, 'select plan(3); select ok(true);')
  t.deepEqual([passed, failed], [1, 1])
  t.regex(output, /the plan does not match: planned 3 tests, ran 1/)
})

test('more tests than planned fail', async (t) => {
  const { failed, output } = await run(t, 'select plan(1); select ok(true); select ok(true);')
  t.true(failed > 0)
  t.regex(output, /the plan does not match: planned 1 tests, ran 2/)
})

test('a missing plan fails', async (t) => {
  const { passed, failed, output } = await run(t, "select 'ok 1 - by hand'")
  t.deepEqual([passed, failed], [1, 1])
  t.regex(output, /the plan is missing/)
})

for (const [what, sql] of [
  ['an empty file', ''],
  ['a file with nothing but a comment', '-- nothing'],
  ['a file with a plan of no tests', "select '1..0'"],
] as const) {
  test(`${what} fails`, async (t) => {
    const { passed, failed, output } = await run(t, sql)
    t.deepEqual([passed, failed], [0, 1])
    t.regex(output, /no test ran/)
  })
}

test('an error of the parser is shown with the line of its position', async (t) => {
  const { passed, failed, file, output } = await run(
    t,
    `begin; -- 😀 is one character
select plan(1);
select
  ok(true) frm nowhere;`,
  )
  t.deepEqual([passed, failed], [0, 1])
  t.true(output.includes(`${file}:4  SQL error: syntax error at or near "nowhere"`), output)
  t.regex(output, /SQLSTATE: 42601/)
})

test('an error without a position is shown with the line of its statement', async (t) => {
  const { passed, failed, file, output } = await run(
    t,
    `begin;
select plan(3);
select ok(true);

do $$
begin
  raise exception 'boom' using errcode = 'KQ001', detail = 'the detail', hint = 'the hint';
end
$$;
select ok(true);`,
  )
  t.deepEqual([passed, failed], [1, 1])
  t.true(output.includes(`${file}:5  SQL error: boom\n  SQLSTATE: KQ001\n`), output)
  t.regex(output, /detail: the detail\n {2}hint: the hint\n/)
  t.regex(output, /not run: 2 of 3 tests/)
})

test('a bail out fails', async (t) => {
  const { passed, failed, file, output } = await run(
    t,
    `select plan(2);
select ok(true);
select 'Bail out! no fixture';`,
  )
  t.deepEqual([passed, failed], [1, 1])
  t.true(output.includes(`${file}:3  bailed out: no fixture\n  not run: 1 of 2 tests\n`), output)
})

test('skipped and todo tests fail', async (t) => {
  const { passed, failed, output } = await run(
    t,
    `select plan(2);
    select skip('too slow', 1);
    select todo('later', 1);
    select ok(true, 'open');`,
  )
  t.deepEqual([passed, failed], [0, 2])
  t.regex(output, /skipped \(too slow\)/)
  t.regex(output, /todo \(later\)/)
})

test('psql commands are an error', async (t) => {
  const { failed, output } = await run(t, '\\set x 1\nselect plan(1); select ok(true);')
  t.is(failed, 1)
  t.regex(output, /:1 {2}SQL error: syntax error at or near "\\"/)
})

test('the role runs the whole file, whatever the file resets', async (t) => {
  const { passed, failed, output } = await run(
    t,
    `begin;
    select plan(3);
    reset role;
    select is(current_user, '${role}', 'current_user');
    select is(session_user, '${role}', 'session_user');
    select throws_ok('select * from public.secret', '42501',
      'permission denied for table secret', 'no right on the table');
    rollback;`,
    { role },
  )
  t.deepEqual([passed, failed], [3, 0], output)
})

test('a file does not see what the one before it did to its session', async (t) => {
  const file = join(t.context.folder, 'session.sql')
  await writeFile(file, 'create temp table once (a integer); select plan(1); select pass();')
  const counts = await runTapFiles({
    url: t.context.url,
    files: [file, file],
    reporter: 'report',
    write: () => undefined,
  })
  t.deepEqual(counts, { passed: 2, failed: 0 })
})

function parse(tap: string): FinalResults {
  let results: FinalResults | undefined
  const parser = new Parser({ strict: true }, (final) => (results = final))
  parser.end(tap)
  if (!results) throw new Error('the parser gave no results')
  return results
}

test('the TAP of a passed run is valid and ok', async (t) => {
  const { output } = await run(t, 'select plan(1); select ok(true, $$a # b \\ c$$);', {
    reporter: 'tap',
  })
  const results = parse(output)
  t.true(results.ok, output)
  t.is(results.count, 1)
})

test('the TAP of a failed run is valid and not ok', async (t) => {
  const { output } = await run(t, "select plan(2); select is(1, 2, 'no #skip'); select 1/0;", {
    reporter: 'tap',
  })
  const results = parse(output)
  t.false(results.ok, output)
  t.deepEqual([results.plan.end, results.count, results.fail], [1, 1, 1], output)
  t.is(results.skip + results.todo, 0)
})

test('folders are searched to the bottom, in sorted order', async (t) => {
  const folder = join(t.context.folder, 'tree')
  await mkdir(join(folder, 'b', 'c'), { recursive: true })
  for (const name of ['z.sql', 'a.sql', 'b/c/d.sql', 'readme.md']) {
    await writeFile(join(folder, name), '')
  }
  t.deepEqual(
    await findTapFiles([folder, join(folder, 'a.sql')]),
    ['a.sql', 'b/c/d.sql', 'z.sql'].map((name) => join(folder, name)),
  )
})

/** Runs the program and returns its exit code and its output. */
function program(t: ExecutionContext<Context>, ...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--import=tsx', 'scripts/pg-tap-runner.ts', ...args],
      { env: { ...process.env, DATABASE_URL: t.context.url } },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
      },
    )
  })
}

test('the program ends with the totals and tells by its exit code', async (t) => {
  const good = join(t.context.folder, 'good.sql')
  const bad = join(t.context.folder, 'bad.sql')
  await writeFile(good, 'select plan(1); select pass();')
  await writeFile(bad, 'select plan(1); select fail();')

  const passed = await program(t, good)
  t.is(passed.code, 0, passed.stderr)
  t.is(passed.stdout.trimEnd().split('\n').at(-1), '1 passed, 0 failed')
  t.is(passed.stdout, stripVTControlCharacters(passed.stdout))

  const failed = await program(t, good, bad)
  t.is(failed.code, 1)
  t.is(failed.stdout.trimEnd().split('\n').at(-1), '1 passed, 1 failed')
})

test('the program refuses wrong usage with exit code 2', async (t) => {
  for (const args of [['--nonesuch'], ['--reporter', 'loud'], ['no/such/folder']]) {
    const { code, stderr } = await program(t, ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, /Usage: tsx scripts\/pg-tap-runner\.ts/)
  }
})
