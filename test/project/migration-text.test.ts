import test from 'ava'
import pg from 'pg'
import { parseFunction, readFunctions, type FunctionFile } from '../../scripts/function-files.ts'
import { functionsOf, migrationText } from '../../scripts/migration-text.ts'
import { readMigrations, type Migration } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'

const { emptyDatabase, role } = useServer(test)

interface Source {
  name?: string
  kind?: string
  args?: string
  returns?: string
  body?: string
  comment?: string
}

/** A file as db/functions has them. */
function file(source: Source = {}): FunctionFile {
  const { name = 'f', kind = 'function', args = 'a integer' } = source
  const { returns = 'returns text', body = "select 'old'", comment = 'Old.' } = source
  return parseFunction(
    name,
    `-- What it does.
create or replace ${kind} kanthorq_schema.${name}(${args})
${returns}
language sql
as $$
${body}
$$;

comment on ${kind} kanthorq_schema.${name} is '${comment}';

revoke all on ${kind} kanthorq_schema.${name} from public;
`,
  )
}

function functions(...files: FunctionFile[]): Map<string, FunctionFile> {
  return new Map(files.map((each) => [each.name, each]))
}

function migration(before: FunctionFile[], after: FunctionFile[], name = '0001_test'): Migration {
  const [up = '', down = ''] = migrationText(functions(...before), functions(...after)).split(
    /^-- Down Migration$/m,
  )
  return { name, up, down }
}

test('the migrations of this project end in what db/functions says', (t) => {
  t.deepEqual(functionsOf(readMigrations()), readFunctions())
})

test('without a change there is no migration', (t) => {
  const same = { message: /nothing to migrate/ }
  t.throws(() => migrationText(functions(), functions()), same)
  t.throws(() => migrationText(functions(file()), functions(file())), same)
})

test('functions are read back from the migrations that made, changed and removed them', (t) => {
  const [old, changed, added] = [
    file(),
    file({ args: 'a integer, b integer' }),
    file({ name: 'g' }),
  ]
  const history = [[], [old], [changed, added], [file({ body: 'select 1' })]]
  const migrations = history.slice(1).map((after, i) => migration(history[i] ?? [], after))
  t.deepEqual(functionsOf(migrations.slice(0, 1)), functions(old))
  t.deepEqual(functionsOf(migrations.slice(0, 2)), functions(changed, added))
  t.deepEqual(functionsOf(migrations), functions(file({ body: 'select 1' })))
})

test('a body reaches the database to the letter, whatever JavaScript or SQL could take it for', async (t) => {
  const body = "select '$1 $& $` $'' $<a> %I %s \\n \\\\ \"x\" {a}' || $1"
  const odd = file({ body })
  const { up } = migration([], [odd])
  t.true(up.includes(odd.text))
  t.is(functionsOf([{ name: '', up, down: '' }]).get('f')?.text, odd.text)

  const { client } = await emptyDatabase(t)
  await client.query(up)
  const { rows } = await client.query("select prosrc from pg_proc where oid = 'f'::regproc")
  t.deepEqual(rows, [{ prosrc: `\n${body}\n` }])
})

const dividers = [
  '-- Down Migration',
  '  -- down migration of something',
  '--- Up  migration',
  '-- $sql$',
  '-- $migration$',
  '-- $up$',
  '-- $install$',
  '-- function: g',
  '-- its new declaration:',
  '-- its grants again:',
]
for (const line of dividers) {
  test(`a function that holds "${line}" is refused, whichever way it goes`, (t) => {
    const divided = file({ body: `select 'x'\n${line}\n` })
    const message = /^f holds the text "(-|\$).*", which divides a migration: reword it$/
    t.throws(() => migration([], [divided]), { message })
    t.throws(() => migration([file()], [divided]), { message })
    t.throws(() => migration([divided], []), { message })
  })
}

test('a file that is not a function with its REVOKE is refused by name', (t) => {
  t.throws(() => parseFunction('f', 'select 1'), { message: /^db\/functions\/f\.sql needs a / })
  const { text } = file()
  t.throws(() => parseFunction('f', text.replace('revoke', 'grant')), { message: /revoke all on/ })
})

/** The schema these tests install into has a name that has to be quoted. */
async function apply(client: pg.Client, sql: string): Promise<void> {
  await client.query(`begin; set local search_path to "My queue"; ${sql}; commit`)
}

/** Makes the schema anew with these functions, some of which a role may execute. */
async function install(
  client: pg.Client,
  files: FunctionFile[],
  grantee: string,
  granted: FunctionFile[],
): Promise<void> {
  await client.query('drop schema if exists "My queue" cascade; create schema "My queue"')
  await client.query(`grant usage on schema "My queue" to ${pg.escapeIdentifier(grantee)}`)
  if (files.length > 0) await apply(client, migration([], files).up)
  for (const { kind, name } of granted)
    await client.query(
      `grant execute on ${kind} "My queue".${name} to ${pg.escapeIdentifier(grantee)}`,
    )
}

const changes: Record<string, { before: FunctionFile[]; after: FunctionFile[] }> = {
  'a new function': { before: [], after: [file()] },
  'a removed function': { before: [file(), file({ name: 'g' })], after: [file()] },
  'another body': { before: [file()], after: [file({ body: 'select $1::text', comment: 'New.' })] },
  'another comment': { before: [file()], after: [file({ comment: 'New.' })] },
  'a new defaulted parameter': {
    before: [file()],
    after: [file({ args: 'a integer, b integer default 1' })],
  },
  'another default': {
    before: [file({ args: 'a integer default 1' })],
    after: [file({ args: 'a integer default 2' })],
  },
  'a renamed parameter': { before: [file()], after: [file({ args: 'b integer' })] },
  'another return type': {
    before: [file()],
    after: [file({ returns: 'returns integer', body: 'select a', comment: 'New.' })],
  },
  'a procedure with another parameter': {
    before: [file({ kind: 'procedure', returns: '', body: '' })],
    after: [
      file({
        kind: 'procedure',
        args: 'a integer, inout b text',
        returns: '',
      }),
    ],
  },
}

for (const [what, { before, after }] of Object.entries(changes)) {
  test(`${what}: up and down change definitions and comments, and keep the grants`, async (t) => {
    const { client } = await emptyDatabase(t)
    const { name: grantee } = await role()
    // A grant does not outlive its function: what comes new has none.
    const both = (files: FunctionFile[], others: FunctionFile[]) =>
      files.filter(({ name }) => others.some((other) => other.name === name))
    const { up, down } = migration(before, after)

    await install(client, before, grantee, before)
    await apply(client, up)
    const afterUp = await catalog(client, 'My queue')
    await apply(client, down)
    const afterDown = await catalog(client, 'My queue')

    await install(client, after, grantee, both(after, before))
    t.deepEqual(afterUp, await catalog(client, 'My queue'), 'up')
    await install(client, before, grantee, both(before, after))
    t.deepEqual(afterDown, await catalog(client, 'My queue'), 'down')
  })
}

test('who could call a function can call it with its new declaration, in the old way too', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const operator = await role()
  const [old, next] = [file(), file({ args: 'a integer, b text default null' })]
  await install(client, [old], operator.name, [old])
  const caller = await connect(t, operator.into(url))
  const { up, down } = migration([old], [next])

  for (const sql of ['', up, down, up]) {
    await apply(client, sql)
    t.is((await caller.query('select "My queue".f(1)')).rowCount, 1)
  }
  t.is((await caller.query('select "My queue".f(1, b => null)')).rowCount, 1)
})
