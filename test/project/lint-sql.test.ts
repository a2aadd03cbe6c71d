import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { lintSql } from '../../scripts/lint-sql.ts'

const file = 'db/functions/double.sql'
const clean = `-- Doubles a number, which isn't hard.
create or replace function kanthorq_schema.double(n int)
returns int
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_sql text := 'SELECT is text in here';
begin
  -- A Comment may have Capitals.
  execute format($sql$ select %I from %2$I where "Quoted" = %L $sql$, 'a', 'b', 'c');
  return n * 2;
end
$function$;

comment on function kanthorq_schema.double is 'Doubles a number.';
`

/** A folder with these files in it, which goes when the test ends. */
function project(t: ExecutionContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'lint-sql-test-'))
  t.teardown(() => {
    rmSync(root, { recursive: true })
  })
  for (const folder of ['db/functions', 'db/tests', 'examples', 'migrations'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  return root
}

test('formatted, lower-case files are clean', async (t) => {
  const root = project(t, {
    [file]: clean,
    'db/tables.sql': 'create table a (b int);\n',
    'db/tests/doubles.sql': 'select is(1, 1, $$"Doubled" É$$);\n',
    'examples/double.sql': "\\set Who 'it''s me'\nselect :'Who', :\"Who\", n::text;\n",
  })
  t.deepEqual(await lintSql(root), { files: 4, findings: [] })
})

const repaired = 'layout or upper case: npm run format repairs it'
for (const [what, name, text, finding] of [
  ['an upper-case word in a body', file, clean.replace('return n', 'RETURN n'), `14  ${repaired}`],
  ['an upper-case word in dynamic SQL', file, clean.replace('from', 'FROM'), `13  ${repaired}`],
  ['a bad layout', file, clean.replace('(n int)\nreturns', '(n int) returns'), `2  ${repaired}`],
  ['an upper-case name in an example', 'examples/a.sql', 'select\n1 as Name;', `2  ${repaired}`],
  ['a letter that is not ASCII', 'migrations/0001_a.sql', '-- a\n-- é\n', '2  not plain ASCII'],
  [
    'a syntax error',
    'db/tests/a.sql',
    `-- ${'é'.repeat(50)}\nselect 1;\nselect from from x;\n`,
    '3  syntax error at or near "from"',
  ],
] as const) {
  test(`${what} is found with its line, and repaired on request if it can be`, async (t) => {
    const root = project(t, { [name]: text })
    const found = { files: 1, findings: [`${name}:${finding}`] }
    t.deepEqual(await lintSql(root), found)
    t.is(readFileSync(join(root, name), 'utf8'), text, 'a check changes nothing')
    const isRepaired = finding.endsWith(repaired)
    t.deepEqual(await lintSql(root, true), isRepaired ? { files: 1, findings: [] } : found)
    if (name === file) t.is(readFileSync(join(root, name), 'utf8'), clean)
  })
}
