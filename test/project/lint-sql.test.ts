import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { lintSql } from '../../scripts/lint-sql.ts'
import { tsx } from '../../scripts/tsx.ts'

const functionFile = 'db/functions/double.sql'
const cleanFunction = `-- Doubles a number. É is two bytes long: lines are not counted in characters.
create or replace function kanthorq_schema.double(n int)
returns int
language plpgsql
immutable
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_sql text := 'SELECT is not looked at in here';
begin
  -- A Comment may have Capitals.
  execute format($sql$ select %I from %2$I where "Quoted" = %L $sql$, 'a', 'b', 'c');
  return n * 2;
end
$function$;

comment on function kanthorq_schema.double is 'Doubles a number.';

revoke all on function kanthorq_schema.double from public;
`
const cleanTest = `begin;
select plan(1);
select results_eq(
  $$select kanthorq_schema.double(n => 2)$$,
  $$values (4)$$,
  $$It's "Doubled"$$
);
select * from finish();
rollback;
`

/** A folder with these files in it, which goes when the test ends. */
async function project(t: ExecutionContext, files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'lint-sql-test-'))
  t.teardown(() => rm(root, { recursive: true }))
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  return root
}

test('formatted, lower-case files are clean', async (t) => {
  const root = await project(t, {
    [functionFile]: cleanFunction,
    'db/tests/double/doubles.sql': cleanTest,
    'examples/double.sql': `\\set ON_ERROR_STOP on
\\set Who 'it''s me'
select kanthorq_schema.double(:n) as twice \\gset
select :'Who', :"Who", n::text;
`,
  })
  t.deepEqual(await lintSql(root), { files: 3, findings: [] })
})

test('a project without SQL files is clean', async (t) => {
  const root = await project(t, { 'db/functions/.gitkeep': '' })
  t.deepEqual(await lintSql(root), { files: 0, findings: [] })
})

test('an upper-case keyword in a body is found with its line', async (t) => {
  const root = await project(t, {
    [functionFile]: cleanFunction.replace('  return n', '  RETURN n'),
  })
  const { findings } = await lintSql(root)
  t.deepEqual(findings, [{ file: functionFile, line: 13, message: 'RETURN is not lower-case' }])
})

test('an upper-case word in dynamic SQL inside a body is found with its line', async (t) => {
  const root = await project(t, {
    [functionFile]: cleanFunction.replace('%I from', '%I FROM'),
  })
  const { findings } = await lintSql(root)
  t.deepEqual(findings, [{ file: functionFile, line: 12, message: 'FROM is not lower-case' }])
})

test('an upper-case word in the SQL that a pgTAP test passes on is found with its line', async (t) => {
  const file = 'db/tests/double.sql'
  const root = await project(t, { [file]: cleanTest.replace('values', 'VALUES') })
  const { findings } = await lintSql(root)
  t.deepEqual(findings, [{ file, line: 5, message: 'VALUES is not lower-case' }])
})

test('an upper-case name in an example is found with its line', async (t) => {
  const file = 'examples/find.sql'
  const root = await project(t, { [file]: `\\set Who 'me'\n\nselect :'Who' as Name;\n` })
  const { findings } = await lintSql(root)
  t.deepEqual(findings, [{ file, line: 3, message: 'Name is not lower-case' }])
})

test('a syntax error is found with its line', async (t) => {
  const file = 'db/tests/broken.sql'
  const root = await project(t, {
    [file]: `-- ${'é'.repeat(50)}\nselect 1;\nselect from from x;\n\n-- ${'e'.repeat(50)}\n`,
  })
  const { findings } = await lintSql(root)
  t.deepEqual(findings, [{ file, line: 3, message: 'syntax error at or near "from"' }])
})

test('a badly formatted function is found, and formatted on request', async (t) => {
  const badly = cleanFunction
    .replace('(n int)\nreturns int', '(n int) returns    int')
    .replace('  return n', '  RETURN n')
  const root = await project(t, { [functionFile]: badly })

  const { findings } = await lintSql(root)
  t.deepEqual(
    findings.filter(({ message }) => message.startsWith('not formatted')),
    [{ file: functionFile, line: 2, message: 'not formatted: npm run format mends it' }],
  )
  t.is(await readFile(join(root, functionFile), 'utf8'), badly, 'a check changes nothing')

  t.deepEqual(await lintSql(root, { write: true }), { files: 1, findings: [] })
  t.is(await readFile(join(root, functionFile), 'utf8'), cleanFunction)
})

test('what the formatter itself writes in capitals comes out in lower case', async (t) => {
  const root = await project(t, {
    [functionFile]: 'create function a() returns int language sql parallel safe as $$ select 1 $$;',
  })
  t.deepEqual((await lintSql(root, { write: true })).findings, [])
  t.regex(await readFile(join(root, functionFile), 'utf8'), /^parallel safe$/m)
})

/** Runs the program in a folder. */
function program(root: string) {
  const script = fileURLToPath(new URL('../../scripts/lint-sql.ts', import.meta.url))
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--import', tsx, script],
      { cwd: root },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
      },
    )
  })
}

test('the program tells by its exit code and names the place', async (t) => {
  const clean = await project(t, { [functionFile]: cleanFunction })
  t.deepEqual(await program(clean), { code: 0, stdout: '1 SQL files clean\n', stderr: '' })

  const unclean = await project(t, { 'db/tests/a.sql': 'select 1;\nSELECT 2;\n' })
  t.deepEqual(await program(unclean), {
    code: 1,
    stdout: '',
    stderr: 'db/tests/a.sql:2  SELECT is not lower-case\n',
  })
})
