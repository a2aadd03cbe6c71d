import type { Migration } from '../../src/install/migrations.ts'
import { ordered, parseFunction, type FunctionFile } from './function-files.ts'

type Functions = ReadonlyMap<string, FunctionFile>

/** Divides the functions inside a migration. */
const heading = /^-- (?:function|its new declaration): (\S+)$/m

/**
 * The text of a migration that takes a database from the functions `before` to the functions `after`, and back.
 *
 * @returns undefined if nothing differs
 * @throws Error if a function holds a text that would cut the migration in two
 */
export function functionsMigration(before: Functions, after: Functions): string | undefined {
  const names = [...new Set([...after.keys(), ...before.keys()])]
  if (names.every((name) => before.get(name)?.sql === after.get(name)?.sql)) return undefined
  for (const file of [...before.values(), ...after.values()]) refuseDividers(file)
  return migration(change(before, after), change(after, before))
}

/** The text of the migration that makes our own types and tables, and of its way back, which keeps a log with rows. */
export function tablesMigration(tables: string): string {
  const sql = tables
    .replace(/^--.*\n/gm, '')
    .replace(/^ +--.*\n/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
  const names = (kind: string) =>
    [...sql.matchAll(new RegExp(`^create ${kind} (kanthorq_schema\\.\\w+)`, 'gm'))].map(([, name = '']) => name)
  const [table = ''] = names('table')
  return migration(
    [sql],
    [
      `do $down$
begin
  lock table ${table};
  if exists (select from ${table}) then
    raise exception 'kanthorq_task_operation holds rows, so it is not dropped'
      using errcode = 'KQ003',
        hint = 'It is the record of who cancelled and resumed what. To drop it all the same, copy it and delete its rows first.';
  end if;
end
$down$;`,
      `drop table ${table};`,
      ...names('type')
        .reverse()
        .map((name) => `drop type ${name};`),
    ],
  )
}

/** The functions as the migrations leave them, read from their frozen copies. */
export function functionsOf(migrations: readonly Migration[]): Map<string, FunctionFile> {
  const functions = new Map<string, FunctionFile>()
  for (const { up } of migrations) {
    const [, ...parts] = up.split(heading)
    for (let i = 0; i < parts.length; i += 2) {
      const name = parts[i] ?? ''
      const text = (parts[i + 1] ?? '').split(/^-- (?:rights|its rights again)$|^\$sql\$/m, 1).join('')
      if (text.includes('create or replace ')) functions.set(name, parseFunction(name, text.trim()))
      else functions.delete(name)
    }
  }
  return ordered(new Map([...functions].sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** What divides a migration for us, and for node-pg-migrate, which takes any comment that begins like its markers. */
const dividers =
  /\$(?:sql|migration|up|install)\$|^\s*--[\s-]*(?:up|down)\s+migration|^-- (?:function: |its new declaration: |rights$|its rights again$)/im

function refuseDividers(file: FunctionFile): void {
  const divider = dividers.exec(file.sql)?.[0]
  if (divider !== undefined)
    throw new Error(`${file.name} holds the text "${divider.trim()}", which divides a migration: reword it`)
}

function migration(up: readonly string[], down: readonly string[]): string {
  return `-- Up Migration\n${wrap(up)}\n-- Down Migration\n${wrap(down)}`
}

/** EXECUTE with the schema's name put in lets any runner of plain SQL install a migration into any schema. */
function wrap(statements: readonly string[]): string {
  return `do $migration$
begin
  if coalesce(current_schema() ~ '[''"$%\\\\]', true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(current_schema()), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;
  perform set_config('check_function_bodies', 'off', true);

  execute replace($sql$
${statements.join('\n\n')}
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
`
}

/** The statements that take a database from some functions to others: what goes, what changes, what comes. */
function change(from: Functions, to: Functions): string[] {
  const dropped = new Set(
    [...from.values()].filter(({ name, declaration }) => to.get(name)?.declaration !== declaration).map(({ name }) => name),
  )
  // A function whose body is bound to one that is dropped has to go with it, and comes back.
  for (const { name, needs } of from.values()) if (needs.some((other) => dropped.has(other))) dropped.add(name)
  const gone = [...from.values()].filter(({ name }) => dropped.has(name)).reverse()
  const replaced = gone.filter(({ name }) => to.has(name)).map(({ name }) => name)
  const made = [...to.values()].filter(({ name, sql }) => dropped.has(name) || from.get(name)?.sql !== sql)
  return [
    ...(replaced.length === 0 ? [] : [keepGrants(replaced)]),
    ...gone.map(({ kind, name }) => `${to.has(name) ? '' : `-- function: ${name}\n`}drop ${kind} kanthorq_schema.${name};`),
    ...made.map(({ name, sql }) => `-- ${dropped.has(name) ? 'its new declaration' : 'function'}: ${name}\n${sql}`),
    ...(made.length === 0
      ? []
      : [`-- rights\nrevoke all on routine\n${made.map(({ name }) => `  kanthorq_schema.${name}`).join(',\n')}\nfrom public;`]),
    ...(replaced.length === 0 ? [] : [restoreGrants]),
  ]
}

// DROP forgets who may execute a function.
function keepGrants(names: readonly string[]): string {
  return `create temporary table kanthorq_kept_grants on commit drop as
select p.proname, a.grantee
from pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
where p.pronamespace = 'kanthorq_schema'::regnamespace and a.grantee not in (0, p.proowner)
  and p.proname in (${names.map((name) => `'${name}'`).join(', ')});`
}

const restoreGrants = `-- its rights again
do $grants$
declare
  v_grant record;
begin
  for v_grant in select * from pg_temp.kanthorq_kept_grants loop
    execute format('grant execute on routine kanthorq_schema.%I to %s', v_grant.proname, v_grant.grantee::regrole);
  end loop;
  drop table pg_temp.kanthorq_kept_grants;
end
$grants$;`
