import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMigrations } from '../../src/install/migrations.ts'
import { readFunctions } from './function-files.ts'
import { functionsMigration, functionsOf, tablesMigration } from './migration-text.ts'

/**
 * Writes what follows from db into a project: the lists that functions carry, and the migrations that are not released yet.
 *
 * The first migration, of KanthorQ's registries, is written by hand, and so is one that changes a table after a release. All functions
 * that changed since the last release are in one migration, `NNNN_functions`, which is written anew until it is released.
 *
 * @param root - the folder of the project
 */
export function generateMigrations(root = fileURLToPath(new URL('../..', import.meta.url))): void {
  const folder = join(root, 'migrations')
  const list = join(root, 'db', 'migrations.sha256')
  const released = existsSync(list) ? readFileSync(list, 'utf8') : ''
  const isReleased = (name: string) => released.includes(`  migrations/${name}.sql\n`)

  const tables = '0002_tables'
  if (!isReleased(tables))
    writeFileSync(join(folder, `${tables}.sql`), tablesMigration(readFileSync(join(root, 'db', 'tables.sql'), 'utf8')))

  for (const { name } of readMigrations(folder))
    if (/^\d+_functions$/.test(name) && !isReleased(name)) rmSync(join(folder, `${name}.sql`))
  const kept = readMigrations(folder)
  const next = `${String(Number(kept.at(-1)?.name.slice(0, 4)) + 1).padStart(4, '0')}_functions`
  const functions = join(root, 'db', 'functions')
  const before = functionsOf(kept)
  writeLists(functions, next)
  if (functionsMigration(before, readFunctions(functions)) === undefined) return
  writeFileSync(join(folder, `${next}.sql`), functionsMigration(before, readFunctions(functions)) ?? '')
}

/** The functions that hold a list of what is in the project. */
function writeLists(folder: string, newest: string): void {
  const levels = [...readFunctions(folder).values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, level = 'internal' }) => `  ('${name}', '${level}')`)
  const write = (name: string, sql: string) => {
    writeFileSync(join(folder, 'internal', `${name}.sql`), sql)
  }
  write(
    '_kanthorq_function_levels',
    `-- All functions, and who may execute them. Written by npm run generate from the line "level" in each file of db/functions.
--
-- An operator may execute what a viewer may. What is the owner's or internal is granted to nobody. The procedures that commit run as their caller, so
-- an operator needs the helpers that they call.
create or replace function kanthorq_schema._kanthorq_function_levels(out name text, out level text)
returns setof record
language sql
immutable
begin atomic
  values
${levels.map((line) => `  ${line}`).join(',\n')};
end;

comment on function kanthorq_schema._kanthorq_function_levels is 'Internal. All functions, and the level that may execute each.';
`,
  )
  write(
    '_kanthorq_newest_migration',
    `-- The name of the migration that brought this function, for kanthorq_doctor. Written by npm run generate.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
return '${newest}';

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';
`,
  )
}
