// What other roles have put into the schema, and who owns what is installed there: by each way to install.
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import type pg from 'pg'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog, only, withoutMigrationsTable } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { dump } from '../support/kanthorq-dump.ts'
import { ways, type Refusal } from './ways.ts'

const server = useServer(test)
const all = readMigrations().length

const trap = (args: string, returns: string) =>
  `(${args}) returns ${returns} language plpgsql as $$ begin raise exception 'a trap was called'; end $$`

/** The parameters of kanthorq_task_cancel_all, the last three of which are its result. */
const [, types = ''] = /kanthorq_schema\.kanthorq_task_cancel_all\(([^)]*)\)'/.exec(readMigrations().at(-1)?.up ?? '') ?? []
const bulk = types
  .split(', ')
  .map((type, index, all) => (index < all.length - 3 ? type : `inout ${type}`))
  .join(', ')

/** Objects by our names, each after the number of migrations that are applied when another role makes it. */
const foreign: [applied: number, object: string, make: string][] = [
  [0, 'table kanthorq_migrations', '(id serial primary key, name varchar(255) not null, run_on timestamp not null)'],
  [0, 'view kanthorq_migrations', 'as select 1 as id'],
  [0, 'table kanthorq_task_operation', '()'],
  [0, 'sequence kanthorq_task_operation_id_seq', ''],
  [0, 'type kanthorq_task', 'as (event_id text)'],
  [0, 'domain _kanthorq_task_filter', 'as text'],
  [1, 'type kanthorq_task_change', "as enum ('a')"],
  [2, 'function kanthorq_task_stats(consumer text, estimate boolean)', trap('consumer text, estimate boolean', 'int')],
  [2, 'function _kanthorq_now()', trap('', 'bigint')],
  [2, 'function _kanthorq_role_levels()', trap('out role oid, out level text', 'setof record')],
  [2, `procedure kanthorq_task_cancel_all(${bulk})`, "language sql as 'select 1, 2, 3'"],
]

for (const [way, install] of Object.entries(ways)) {
  test(`${way} refuses objects of another role under its names, and changes nothing`, async (t) => {
    const { client, url } = await server.emptyDatabase(t)
    const { name, into } = await server.role()
    await client.query(`grant create on schema public to ${name}`)
    const other = await connect(t, into(url))
    for (const [applied, object, make] of foreign) {
      if (applied > 0) await migrate({ database: url, count: applied })
      const made = make.startsWith('(') && object.startsWith('function') ? object.replace(/\(.*/, '') : object
      await other.query(`create ${made} ${make}`)
      const before = await catalog(client)
      const { code, message } = (await t.throwsAsync(install(url), undefined, object)) as unknown as Refusal
      // PostgreSQL's own error comes first for a function that returns something else: its hint names it.
      t.regex(`${code} ${message}`, /^42501 .*(belongs to the role|of another role are in the way)|^42P13 /, object)
      t.deepEqual(only(await catalog(client), /kanthorq_migrate\(/, false), before, object)
      await other.query(`drop ${object}`)
      await client.query('drop function if exists kanthorq_migrate')
      if (applied > 0) await migrate({ database: url, direction: 'down', count: applied })
      await client.query('drop table if exists kanthorq_migrations')
    }
  })

  test(`${way} runs nothing that fits a call better than what PostgreSQL has, and overloads are not in its way`, async (t) => {
    const { client, url } = await server.emptyDatabase(t)
    const { name, into } = await server.role()
    await client.query(
      `grant create on schema public to public; alter database ${nameOf(url)} set search_path to public, pg_catalog`,
    )
    const other = await connect(t, into(url))
    await other.query(`set search_path to pg_catalog; ${traps}`)
    const { rows } = await client.query("select oid from pg_proc where pronamespace = 'public'::regnamespace")
    t.true(rows.length > 2000)

    await install(url)
    await other.query(`create function public.kanthorq_task_cancel${trap('x int', 'int')}`)
    await migrate({ database: url, direction: 'down' })
    await install(url)
    await client.query('drop function kanthorq_task_count')
    await install(url)
    const { rows: owners } = await client.query(
      `select pg_get_userbyid(proowner) as owner, count(*)::int from pg_proc
       where proname ~ '^_?kanthorq_' and proname <> 'kanthorq_migrate' group by 1 order by 2`,
    )
    const { count } = owners[1] as { count: number }
    t.deepEqual(owners, [
      { owner: name, count: 1 },
      { owner: 'postgres', count },
    ])
    t.true(count > 70)
  })

  test(`${way} leaves an installation to the owner of the registries, also when another role calls it`, async (t) => {
    const { client, url } = await server.emptyDatabase(t)
    const [app, third] = [await server.role(), await server.role()]
    await client.query(`grant create on schema public to ${app.name}, ${third.name}`)
    const owner = await connect(t, app.into(url))
    await owner.query(`${dump}; reset all`)
    const before = await catalog(client)
    const installed = async () => only(await catalog(client), /kanthorq_migrate\(/, false)

    const refusal = (await t.throwsAsync(install(third.into(url)))) as unknown as Refusal
    t.like(refusal, {
      code: '42501',
      message: `the registries of KanthorQ belong to the role ${app.name}, which the role ${third.name} can't act as`,
    })
    t.deepEqual(await installed(), before)
    await client.query('drop function if exists kanthorq_migrate')

    await install(url)
    const whole = await installed()
    t.deepEqual(await ownersIn(client), [app.name])
    await client.query('drop function if exists kanthorq_migrate')
    await install(app.into(url))
    await owner.query('drop function kanthorq_task_count')
    await client.query('drop function if exists kanthorq_migrate')
    await install(url)
    t.deepEqual(await installed(), whole)
    await migrate({ database: app.into(url), direction: 'down', count: all })
    t.deepEqual(withoutMigrationsTable(await installed()), before)
  })

  test(`${way} gives nobody what default privileges give`, async (t) => {
    const { client, url } = await server.emptyDatabase(t)
    const [anon, member, viewer] = [await server.role(), await server.role(), await server.role()]
    await client.query(`grant ${anon.name} to ${member.name}`)
    const defaults = (of: string, to: string) =>
      ['functions', 'tables', 'sequences']
        .map((kind) => `alter default privileges ${of} grant all on ${kind} to ${to}`)
        .join(';')
    await client.query(`${defaults('in schema public', anon.name)}; ${defaults('', 'public')}`)
    await install(url)
    t.deepEqual(await granteesIn(client), [])

    await client.query("select kanthorq_grant($1, 'viewer')", [viewer.name])
    const granted = await granteesIn(client)
    await client.query('drop function kanthorq_task_stats, _kanthorq_now')
    await client.query(defaults('', member.name))
    await install(url)
    t.deepEqual(await granteesIn(client), granted, 'after an upgrade')
    await migrate({ database: url, direction: 'down', count: 2 })
    await install(url)
    t.deepEqual(await granteesIn(client), [], 'with functions and tables that a later migration makes')
  })
}

/** Copies what PostgreSQL has, functions and operators, so that a call of a copy is an error. */
const traps = `
  do $do$
  declare
    v_each record;
  begin
    for v_each in
      select 'format' as proname, a.arguments, 'text' as result
      from (values ('text, text'), ('text, name'), ('text, text, text'), ('text, name, name')) a (arguments)
      union all
      select p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid)
      from pg_proc p
      where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and p.proargmodes is null
        and not array['internal', 'cstring', '"any"']::regtype[]::oid[] && (p.proargtypes::oid[] || p.prorettype)
    loop
      begin
        execute format(
          'create function public.%I(%s) returns %s language plpgsql as $$ begin raise exception ''a trap was called''; end $$',
          v_each.proname, v_each.arguments, v_each.result
        );
      exception when invalid_function_definition or feature_not_supported or undefined_object then
        null;
      end;
    end loop;
    for v_each in
      select o.oprname, o.oprleft::regtype as l, o.oprright::regtype as r, p.proname
      from pg_operator o
      join pg_proc p on p.oid = o.oprcode
      where o.oprleft <> 0 and to_regprocedure(format('public.%I(%s, %s)', p.proname, o.oprleft::regtype, o.oprright::regtype)) is not null
    loop
      execute format(
        'create operator public.%s (leftarg = %s, rightarg = %s, function = public.%I)', v_each.oprname, v_each.l, v_each.r, v_each.proname
      );
    end loop;
  end
  $do$`

const nameOf = (url: string) => new URL(url).pathname.slice(1)

/** The owners of all that is in public, but for the function that the extension brings. */
async function ownersIn(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ owner: string }>(
    `select distinct pg_get_userbyid(owner) as owner
     from (
       select relowner, relnamespace from pg_class
       union all select proowner, pronamespace from pg_proc where proname <> 'kanthorq_migrate'
       union all select typowner, typnamespace from pg_type
     ) o (owner, schema)
     where schema = 'public'::regnamespace`,
  )
  return rows.map(({ owner }) => owner)
}

/** All rights of others than the owner on functions, the log and the migrations table. */
async function granteesIn(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ grant: string }>(
    `select concat_ws(' ', name, case grantee when 0 then 'public' else pg_get_userbyid(grantee) end, privilege_type) as grant
     from (
       select relname, relowner, relacl from pg_class where relname ~ '^kanthorq_(migrations|task_operation)'
       union all select proname, proowner, coalesce(proacl, acldefault('f', proowner)) from pg_proc where proname ~ '^_?kanthorq'
     ) o (name, owner, acl), aclexplode(acl)
     where grantee <> owner
     order by 1`,
  )
  return rows.map((row) => row.grant)
}
