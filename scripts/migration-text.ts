import type { Migration } from '../src/install/migrations.ts'
import { parseFunction, type FunctionFile } from './function-files.ts'

type Functions = ReadonlyMap<string, FunctionFile>

/** Divides the functions inside a migration; what stands between two of them is one file of db/functions. */
const heading = /^-- function: (\S+)$/m

/**
 * The text of a migration that takes a database from the functions `before` to the functions `after`, and back.
 *
 * The SQL is handed to EXECUTE with the schema's name put in, so that any runner of plain SQL can install it anywhere.
 *
 * @throws if nothing differs, or if a function holds a text that would cut the migration in two
 */
export function migrationText(before: Functions, after: Functions): string {
  const names = [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name)?.text !== after.get(name)?.text)
    .sort()
  if (names.length === 0)
    throw new Error('db/functions is what the migrations install already: nothing to migrate')

  for (const name of names) for (const each of [before, after]) refuseDividers(each.get(name))

  const up = names.map((name) => change(name, before.get(name), after.get(name)))
  const down = names.map((name) => change(name, after.get(name), before.get(name)))
  return `-- Up Migration\n${wrap(up)}\n-- Down Migration\n${wrap(down)}`
}

/** The functions as the migrations leave them, read from their frozen copies. */
export function functionsOf(migrations: readonly Migration[]): Map<string, FunctionFile> {
  const functions = new Map<string, FunctionFile>()
  for (const { up } of migrations) {
    const [, ...parts] = up.split(heading)
    for (let i = 0; i < parts.length; i += 2) {
      const name = parts[i] ?? ''
      const text = (parts[i + 1] ?? '').replace(/\n\$sql\$, 'kanthorq_schema'[^]*$/, '')
      if (text.includes('create or replace '))
        functions.set(name, parseFunction(name, sourceOf(text)))
      else functions.delete(name)
    }
  }
  return new Map([...functions].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What divides a migration for us, and for node-pg-migrate, which takes any comment that begins like its markers. */
const dividers =
  /\$(?:sql|migration|up|install)\$|^\s*--[\s-]*(?:up|down)\s+migration|^-- (?:function: |its new declaration:|its grants again:)/im

function refuseDividers(file: FunctionFile | undefined): void {
  const divider = dividers.exec(file?.text ?? '')?.[0]
  if (file !== undefined && divider !== undefined) {
    throw new Error(
      `${file.name} holds the text "${divider.trim()}", which divides a migration: reword it`,
    )
  }
}

function wrap(statements: string[]): string {
  const sql = statements.join('\n\n')
  return `do $migration$
begin
  if coalesce(current_schema() ~ '[''"$%\\\\]', true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(current_schema()), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;
  -- The functions call each other, so their bodies can't be checked one by one.
  perform set_config('check_function_bodies', 'off', true);

  execute replace($sql$
${sql}
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
`
}

function change(
  name: string,
  from: FunctionFile | undefined,
  to: FunctionFile | undefined,
): string {
  const title = `-- function: ${name}\n`
  if (to === undefined) return `${title}drop ${from?.kind ?? 'function'} kanthorq_schema.${name};`
  if (from === undefined || from.declaration === to.declaration) return title + to.text
  return (
    title +
    [
      keepGrants(from),
      `drop ${from.kind} kanthorq_schema.${name};`,
      begin,
      to.text,
      end,
      restoreGrants(to),
    ].join('\n')
  )
}

// CREATE OR REPLACE can't change parameters or the result, and DROP forgets who may execute the function.
const begin = '-- its new declaration:'
const end = '-- its grants again:'

function sourceOf(section: string): string {
  const start = section.indexOf(begin)
  return start < 0 ? section : section.slice(start + begin.length, section.indexOf(end))
}

function keepGrants({ name }: FunctionFile): string {
  return `select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema.${name}'::regproc and a.grantee not in (0, p.proowner)
), ''), true);`
}

function restoreGrants({ kind, name }: FunctionFile): string {
  return `do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on ${kind} kanthorq_schema.${name} to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;`
}
