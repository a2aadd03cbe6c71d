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

/**
 * The text of the migration that makes our own types and tables, and of its way back, which keeps tables with rows. What is there already
 * is left as it is: a dump of the structure brings it without a record.
 */
export function tablesMigration(tables: string): string {
  const sql = tables
    .replace(/^--.*\n/gm, '')
    .replace(/^ +--.*\n/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
  const made = /^create (type|table) (kanthorq_schema\.\w+)[^;]*;/gm
  const names = (kind: string) => [...sql.matchAll(made)].filter(([, k]) => k === kind).map(([, , name = '']) => name)
  return migration(
    [
      sql
        .replace(
          made,
          (statement, kind: string, name: string) => `do $${kind}$
begin
  if to_regclass('${name}') is null then
${statement.replace(/^/gm, '    ')}
  end if;
end
$${kind}$;`,
        )
        .replace(/^create index (?=\w)/gm, 'create index if not exists '),
    ],
    [
      ...names('table').map(
        (table) => `do $down$
begin
  if to_regclass('${table}') is not null then
    lock table ${table};
    if exists (select from ${table}) then
      raise exception '${table.replace(/^.*\./, '')} holds rows, so it is not dropped'
        using errcode = 'KQ003', hint = 'Nothing else has what is in it. To drop it all the same, copy it and delete its rows first.';
    end if;
  end if;
end
$down$;

drop table if exists ${table};`,
      ),
      ...names('type')
        .reverse()
        .map((name) => `drop type if exists ${name};`),
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
      const text = (parts[i + 1] ?? '').split(/^-- rights$|^do \$drop\$|^\$sql\$/m, 1).join('')
      if (text.includes('create or replace ')) functions.set(name, parseFunction(name, text.trim()))
      else functions.delete(name)
    }
  }
  return ordered(new Map([...functions].sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** What divides a migration for us, and for node-pg-migrate, which takes any comment that begins like its markers. */
const dividers =
  /\$(?:sql|migration|up|install)\$|^\s*--[\s-]*(?:up|down)\s+migration|^-- (?:function: |its new declaration: |rights$)/im

function refuseDividers(file: FunctionFile): void {
  const divider = dividers.exec(file.sql)?.[0]
  if (divider !== undefined)
    throw new Error(`${file.name} holds the text "${divider.trim()}", which divides a migration: reword it`)
}

function migration(up: readonly string[], down: readonly string[]): string {
  return `-- Up Migration\n${wrap(up)}\n-- Down Migration\n${wrap(down)}`
}

/**
 * EXECUTE with the schema's name put in lets any runner of plain SQL install a migration into any schema: the one that the setting
 * kanthorq.schema names, or the first of search_path. Only PostgreSQL's own schema is searched meanwhile: nothing that another role made
 * can match a call better than what was meant.
 */
function wrap(statements: readonly string[]): string {
  return `do $migration$
declare
  v_path text := pg_catalog.current_setting('search_path');
  v_schema text := pg_catalog.current_schema();
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('check_function_bodies', 'off', true);
  v_schema := coalesce(nullif(current_setting('kanthorq.schema', true), ''), v_schema);
  if coalesce(v_schema ~ '[''"$%[:cntrl:]]' or strpos(v_schema, chr(92)) > 0, true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(v_schema), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;

  execute replace($sql$
${statements.join('\n\n')}
$sql$, 'kanthorq_schema', quote_ident(v_schema));

  perform set_config('search_path', v_path, true);
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
  const gone = [...from.values()].filter(({ name }) => dropped.has(name)).map(({ name }) => name)
  const made = [...to.values()].filter(({ name, sql }) => dropped.has(name) || from.get(name)?.sql !== sql)
  return [
    ...(made.length === 0 ? [] : [keepLevels]),
    ...(to.size === 0 ? [] : gone.filter((name) => !to.has(name)).map((name) => `-- function: ${name}\n-- it is dropped`)),
    ...(to.size === 0 ? [release] : []),
    // From nothing, all that it makes go: the migration repairs a damaged installation, too. Triggers may stand on KanthorQ's tables.
    drop(from.size === 0 ? [...to.keys()] : gone, to.size > 0),
    ...made.map(({ name, sql }) => `-- ${dropped.has(name) ? 'its new declaration' : 'function'}: ${name}\n${sql}`),
    ...(made.length === 0 ? [] : [`-- rights\n${refuseForeign(made)}`, resetRights]),
  ]
}

/** Our functions are those that the installing role owns: others may have some under the same names. */
const drop = (names: readonly string[], keepsTriggers: boolean) => `do $drop$
declare
  v_functions text := (
    select string_agg(p.oid::regprocedure::text, ', ')
    from pg_proc p
    where p.pronamespace = 'kanthorq_schema'::regnamespace and pg_get_userbyid(p.proowner) = current_user
      and p.proname in (${names.map((name) => `'${name}'`).join(', ') || 'null'})${keepsTriggers ? "\n      and p.prorettype <> 'trigger'::regtype" : ''}
  );
begin
  if v_functions is not null then
    execute 'drop routine ' || v_functions;
  end if;
end
$drop$;`

// Held consumers get their cursors back, and their tables lose the triggers. A table that is gone has none.
const release = `do $release$
declare
  v_consumer text;
begin
  if to_regclass('kanthorq_schema.kanthorq_consumer_hold') is null or not exists (
    select from pg_proc p
    where p.oid = to_regprocedure('kanthorq_schema.kanthorq_consumer_release(text, text)') and pg_get_userbyid(p.proowner) = current_user
  ) then
    return;
  end if;
  with gone as (
    delete from kanthorq_schema.kanthorq_consumer_hold h
    using kanthorq_schema.kanthorq_consumer_registry r
    where r.id = h.consumer_id and kanthorq_schema._kanthorq_find_table(r.id) is null
    returning h.consumer_id, h.cursor
  )
  update kanthorq_schema.kanthorq_consumer_registry r
  set cursor = g.cursor
  from gone g
  where r.id = g.consumer_id and r.cursor = kanthorq_schema._kanthorq_held_cursor();
  for v_consumer in
    select r.name
    from kanthorq_schema.kanthorq_consumer_hold h
    join kanthorq_schema.kanthorq_consumer_registry r on r.id = h.consumer_id
    order by r.name
  loop
    perform kanthorq_schema.kanthorq_consumer_release(v_consumer, 'migrate down');
  end loop;
end
$release$;`

// DROP forgets who may execute a function. A function of another role is not called: it is refused below.
const keepLevels = `do $levels$
declare
  v_levels jsonb;
begin
  if exists (
    select from pg_proc p
    where p.oid = to_regprocedure('kanthorq_schema._kanthorq_role_levels()') and pg_get_userbyid(p.proowner) = current_user
  ) then
    select jsonb_object_agg(pg_get_userbyid(l.role), l.level) into v_levels
    from kanthorq_schema._kanthorq_role_levels() l
    where l.level is not null;
  end if;
  perform set_config('kanthorq.levels', coalesce(v_levels, '{}')::text, true);
end
$levels$;`

// CREATE OR REPLACE by a superuser leaves a function to its owner, who may replace it at any time.
const refuseForeign = (functions: readonly FunctionFile[]) => `do $foreign$
declare
  v_foreign text := (
    select string_agg(p.oid::regprocedure::text, ', ')
    from unnest(array[
      ${functions.map(({ signature }) => `'${signature}'`).join(',\n      ')}
    ]) s (signature)
    join pg_proc p on p.oid = to_regprocedure(s.signature)
    where pg_get_userbyid(p.proowner) <> current_user
  );
begin
  if v_foreign is not null then
    raise exception 'functions of another role are in the way: %', v_foreign
      using errcode = 'insufficient_privilege', hint = 'Look at them and drop them.';
  end if;
end
$foreign$;`

const resetRights = `do $rights$
begin
  perform kanthorq_schema._kanthorq_reset_rights(current_setting('kanthorq.levels')::jsonb);
end
$rights$;`
