// What npm run generate and migration:release do from one release to the next, on a made-up project of a few functions.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { functionsFolder, readFunctions } from '../../scripts/migrations/function-files.ts'
import { generateMigrations } from '../../scripts/migrations/generate.ts'
import { functionsMigration, functionsOf } from '../../scripts/migrations/migration-text.ts'
import { releaseMigrations } from '../../scripts/migrations/release.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog, only } from '../support/catalog.ts'
import { useServer } from '../support/empty-database.ts'
import { projectFolder } from '../support/run-program.ts'

const server = useServer(test)

/** A function in the form of db/functions. */
const made = (name: string, body: string, args = '') =>
  `-- level: viewer\ncreate or replace function kanthorq_schema.${name}(${args})\nreturns int\nlanguage sql\nimmutable\n${body};\n\ncomment on function kanthorq_schema.${name} is '${name}';\n`

const first = {
  kanthorq_kept: made('kanthorq_kept', 'return 1'),
  kanthorq_edited: made('kanthorq_edited', 'as $function$ select 1 $function$'),
  kanthorq_gone: made('kanthorq_gone', 'return 1'),
  kanthorq_grows: made('kanthorq_grows', 'return a', 'a int'),
  kanthorq_bound: made('kanthorq_bound', 'return kanthorq_schema.kanthorq_grows(1)'),
}
const second = {
  kanthorq_kept: `-- Another comment above it.\n${first.kanthorq_kept}`,
  kanthorq_edited: made('kanthorq_edited', 'as $function$ select 2 $function$'),
  kanthorq_grows: made('kanthorq_grows', 'return a + b', 'a int, b int default 1'),
  kanthorq_bound: first.kanthorq_bound,
  kanthorq_new: made('kanthorq_new', 'return kanthorq_schema.kanthorq_bound()'),
}

/** What gives rights after a migration. */
const rights = ['reset_rights', 'levels', 'role_levels', 'own_tables', 'set_level', 'revoke_usage', 'shown'].map(
  (name) => `_kanthorq_${name}.sql`,
)

/** A project with these functions, and with the tables of this one and what gives rights. */
function project(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), 'kanthorq-release-'))
  t.teardown(() => {
    rmSync(root, { recursive: true })
  })
  mkdirSync(join(root, 'db'))
  mkdirSync(join(root, 'migrations'))
  for (const file of ['db/tables.sql', 'migrations/0001_registries.sql']) cpSync(join(projectFolder, file), join(root, file))
  return {
    root,
    hasFunctions: (functions: Record<string, string>) => {
      rmSync(join(root, 'db/functions'), { recursive: true, force: true })
      mkdirSync(join(root, 'db/functions/internal'), { recursive: true })
      for (const file of rights) cpSync(join(functionsFolder, 'internal', file), join(root, 'db/functions/internal', file))
      for (const [name, text] of Object.entries(functions)) writeFileSync(join(root, `db/functions/${name}.sql`), text)
      generateMigrations(root)
    },
    migrations: () => readMigrations(join(root, 'migrations')),
  }
}

const functions = async (client: pg.Client) => only(await catalog(client), /^function /)

test('a release is frozen, and the next one goes from it to what has changed, and back', async (t) => {
  const { root, hasFunctions, migrations } = project(t)
  hasFunctions(first)
  t.deepEqual(readdirSync(join(root, 'migrations')), ['0001_registries.sql', '0002_tables.sql', '0003_functions.sql'])
  t.is(releaseMigrations(root).length, 3)
  const released = migrations()
  hasFunctions(second)
  t.deepEqual(migrations().slice(0, 3), released, 'a released migration is never written again')
  t.is(functionsMigration(functionsOf(migrations()), readFunctions(join(root, 'db/functions'))), undefined)
  hasFunctions(second)
  t.is(migrations().length, 4, 'until the next release it is written anew under the same name')
  const [upgrade] = migrations().slice(3)
  t.is(upgrade?.name, '0004_functions')
  t.notRegex(upgrade?.up ?? '', /function: kanthorq_kept/, 'a comment above a function is no change')

  const { client } = await server.emptyDatabase(t)
  const { name: role } = await server.role()
  for (const { up } of released) await client.query(up)
  await client.query("select _kanthorq_set_level($1, 'viewer')", [role])
  const before = await functions(client)
  await client.query(upgrade?.up ?? '')
  const { rows: granted } = await client.query<object>(
    `select proname as name from pg_proc where has_function_privilege('${role}', oid, 'execute') and proname ~ '^_?kanthorq_' order by 1`,
  )
  const viewers = Object.keys(second).sort()
  t.deepEqual(
    granted,
    viewers.map((name) => ({ name })),
    'a viewer keeps functions that are made again, and gets new ones',
  )
  const { rows } = await client.query('select kanthorq_new() as new, kanthorq_edited() as edited')
  t.deepEqual(rows, [{ new: 2, edited: 2 }])
  const fresh = await server.emptyDatabase(t)
  for (const { up } of migrations()) await fresh.client.query(up)
  t.deepEqual(Object.keys(await functions(client)), Object.keys(await functions(fresh.client)))
  t.false('function kanthorq_gone()' in (await functions(client)))

  await client.query(upgrade?.down ?? '')
  t.deepEqual(await functions(client), before)
})

test('a text that would cut a migration in two is refused', (t) => {
  const folder = project(t)
  for (const line of ['-- Down Migration', '-- up migration', '-- rights', '-- function: kanthorq_x', 'select $sql$ 1 $sql$']) {
    const body = `as $function$\n${line}\nselect 1 $function$`
    t.throws(
      () => {
        folder.hasFunctions({ kanthorq_x: made('kanthorq_x', body) })
      },
      { message: /divides a migration/ },
      line,
    )
  }
})

test('a file that is not one function under its own name is refused', (t) => {
  const folder = project(t)
  for (const text of ['select 1;', first.kanthorq_kept, made('kanthorq_x', 'return 1').replace(/comment on[^]*/, '')])
    t.throws(
      () => {
        folder.hasFunctions({ kanthorq_x: text })
      },
      { message: /kanthorq_x\.sql needs/ },
    )
})

test('nothing that has changed makes no migration', (t) => {
  const functions = readFunctions()
  t.is(functionsMigration(functions, functions), undefined)
  t.is(functionsMigration(functionsOf(readMigrations()), functions), undefined)
})
