import { migrationsTable, type Migration } from './migrations.ts'

// PL/pgSQL blocks that go before the migrations, however they are applied. The schema is the setting kanthorq.schema.
//
// From the first one on, search_path has PostgreSQL's own schema only: nothing that another role has made in the schema of the
// functions can match a call better than what was meant.

/** From here on SQL text means the same whatever the settings of the session are, and nothing waits for ever. */
export const fixSettings = `begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config(s.name, s.value, true)
  from (values
    ('standard_conforming_strings', 'on'), ('quote_all_identifiers', 'off'), ('check_function_bodies', 'off'), ('timezone', 'UTC'),
    ('lock_timeout', coalesce(nullif(current_setting('lock_timeout'), '0'), '1min'))
  ) s (name, value);
  if current_setting('kanthorq.schema') = '' then
    raise exception 'no schema has been selected to create in'
      using errcode = 'KQ003', hint = 'Set search_path to the schema that holds the KanthorQ registries.';
  end if;
end;`

/** The settings that the blocks change, but for search_path. Like their values they end with the transaction. */
export const changedSettings = [
  'role',
  'standard_conforming_strings',
  'quote_all_identifiers',
  'check_function_bodies',
  'timezone',
  'lock_timeout',
  'kanthorq.schema',
]

/** Becomes the owner of the registries. */
export const becomeOwner = `declare
  v_schema text := current_setting('kanthorq.schema');
  v_owner name;
begin
  select pg_get_userbyid(c.relowner) into v_owner
  from pg_class c
  where c.oid in (
    to_regclass(format('%I.kanthorq_consumer_registry', v_schema)), to_regclass(format('%I.kanthorq_stream_registry', v_schema))
  )
  order by c.relname
  limit 1;
  if v_owner <> current_user then
    begin
      perform set_config('role', v_owner, true);
    exception when insufficient_privilege then
      raise exception 'the registries of KanthorQ belong to the role %, which the role % can''t act as', v_owner, current_user
        using errcode = 'insufficient_privilege',
          hint = format('Install as %I, or let a superuser: grant %I to %I', v_owner, v_owner, current_user);
    end;
  end if;
end;`

/** Refuses objects of our names that belong to another role: their code would run with the rights of the functions' owner. */
const refuseForeign = (migrations: readonly Migration[]) => `declare
  v_schema text := current_setting('kanthorq.schema');
  v_names text[] := array[
    'kanthorq_consumer_registry', 'kanthorq_stream_registry', '${migrationsTable}', '${migrationsTable}_id_seq', ${made(
      migrations,
    )
      .map(([, name]) => `'${name}', '${name}_id_seq'`)
      .join(', ')}
  ];
  v_foreign record;
begin
  select o.kind, o.name, pg_get_userbyid(o.owner) as owner into v_foreign
  from (
    select case c.relkind when 'c' then 'type' when 'S' then 'sequence' when 'v' then 'view' else 'table' end as kind,
      c.relname as name, c.relowner as owner, c.relnamespace as schema
    from pg_class c
    where c.relname = any (v_names)
    union all
    select 'type', t.typname, t.typowner, t.typnamespace
    from pg_type t
    where t.typname = any (v_names) and t.typtype <> 'c' and t.typcategory <> 'A'
    union all
    select 'function', p.proname, p.proowner, p.pronamespace
    from pg_proc p
    where p.proname in ('_kanthorq_function_levels', '_kanthorq_newest_migration', '_kanthorq_role_levels', '_kanthorq_reset_rights')
      and p.pronargs < 2
  ) o
  join pg_namespace n on n.oid = o.schema
  where n.nspname = v_schema and pg_get_userbyid(o.owner) <> current_user
  limit 1;
  if found then
    raise exception 'the % % belongs to the role %, not to %', v_foreign.kind, quote_ident(v_foreign.name), v_foreign.owner, current_user
      using errcode = 'insufficient_privilege',
        hint = format('Look at it, then drop it, or give it to %I with ALTER ... OWNER TO.', current_user);
  end if;
end;`

/**
 * Makes the schema, and the migrations table as node-pg-migrate would, and takes the lock on it that lets one migration run at
 * a time. Another one that is about to make them is waited for as well. The first wait is short, before a notice.
 */
const lockMigrations = `declare
  v_schema text := current_setting('kanthorq.schema');
  v_table text := format('%I.${migrationsTable}', v_schema);
  v_timeout text := current_setting('lock_timeout');
  v_noticed boolean := false;
begin
  loop
    begin
      perform set_config('lock_timeout', case when v_noticed then v_timeout else '10ms' end, true);
      if to_regnamespace(quote_ident(v_schema)) is null then
        execute format('create schema %I', v_schema);
      end if;
      if to_regclass(v_table) is null then
        execute format('create table %s (id serial primary key, name varchar(255) not null, run_on timestamp not null)', v_table);
      end if;
      execute format('lock table %s in share update exclusive mode', v_table);
      exit;
    exception
      when unique_violation or duplicate_schema or duplicate_table then
        null;
      when lock_not_available then
        if v_noticed then
          raise exception 'another migration still runs after %', v_timeout
            using errcode = 'lock_not_available', hint = 'pg_stat_activity and pg_locks show which session it is.';
        end if;
        raise notice 'another migration runs; waiting for it, % at most', v_timeout;
        v_noticed := true;
    end;
  end loop;
  perform set_config('lock_timeout', v_timeout, true);
end;`

/** What goes before migrations in either direction. */
export const prepareMigrations = (migrations: readonly Migration[]) => [
  fixSettings,
  becomeOwner,
  refuseForeign(migrations),
  lockMigrations,
  refuseForeign(migrations),
]

/**
 * Compares what is there with what is recorded, and lists what is wrong in the setting `kanthorq.faults`, one a line.
 *
 * The setting `kanthorq.sources` may hold what the functions of the newest migration look like, as a JSON object of
 * checksums.
 */
export const findFaults = (migrations: readonly Migration[]) => `declare
  v_schema text := current_setting('kanthorq.schema');
  v_table text := format('%I.${migrationsTable}', v_schema);
  v_sources jsonb := nullif(current_setting('kanthorq.sources', true), '');
  v_owner oid := (
    select c.relowner from pg_class c where c.oid = to_regclass(format('%I.kanthorq_consumer_registry', v_schema))
  );
  v_recorded text;
  v_newest text;
  v_faults text[] := '{}';
  v_functions text[];
begin
  -- What another role made is not read or called: it could be a view.
  if exists (select from pg_class c where c.oid = to_regclass(v_table) and c.relowner = v_owner and c.relkind = 'r') then
    execute format('select max(name) from %s where name like ''%%functions''', v_table) into v_recorded;
  end if;
  if v_recorded is not null then
    v_faults := array(
      select format('%s is missing', o.name)
      from (values
        ${made(migrations)
          .map(([migration, name]) => `('${migration}', '${name}')`)
          .join(', ')}
      ) o (migration, name)
      where o.migration <= v_recorded and to_regclass(format('%I.%I', v_schema, o.name)) is null
    );
    if 2 <> (
      select count(*)
      from pg_proc p
      where p.proowner = v_owner and p.oid in (
        to_regprocedure(format('%I._kanthorq_function_levels()', v_schema)),
        to_regprocedure(format('%I._kanthorq_newest_migration()', v_schema))
      )
    ) then
      v_faults := v_faults || 'functions are missing'::text;
    elsif has_function_privilege(format('%I._kanthorq_function_levels()', v_schema), 'execute') then
      execute format('select %I._kanthorq_newest_migration()', v_schema) into v_newest;
      if v_newest <> v_recorded then
        v_faults := v_faults || format('the functions are those of %s, not of %s', v_newest, v_recorded);
      end if;
      execute format($faults$
        select array_agg(format('functions %%s (%%s): %%s', f.fault, f.functions, f.names))
        from (
          select f.fault, count(*) as functions, string_agg(f.name, ', ' order by f.name) filter (where f.n <= 3)
            || case when count(*) > 3 then ', ...' else '' end as names
          from (
            select l.name, case when p.oid is null then 'are missing' else 'are not as they were installed' end as fault,
              row_number() over (partition by p.oid is null order by l.name) as n
            from %1$I._kanthorq_function_levels() l
            left join pg_proc p on p.proname = l.name and p.proowner = $3
              and p.pronamespace = (select n.oid from pg_namespace n where n.nspname = $1)
            where p.oid is null or $2 ->> l.name <> md5(p.prosrc)
              or l.name = '_kanthorq_claimed_by' and strpos(p.prosrc, format('''%%I''::regnamespace', $1)) = 0
          ) f
          group by f.fault
        ) f
        $faults$, v_schema)
      into v_functions
      using v_schema, case when v_sources ->> '' = v_recorded then v_sources end, v_owner;
      v_faults := v_faults || coalesce(v_functions, '{}');
    end if;
  end if;
  perform set_config('kanthorq.faults', array_to_string(v_faults, E'\\n'), true);
end;`

/** The tables and types that migrations make, each after the name of its migration. */
function made(migrations: readonly Migration[]): [migration: string, name: string][] {
  return migrations.flatMap(({ name, up }) =>
    [...up.matchAll(/^ *create (?:type|table) kanthorq_schema\.(\w+)/gm)].map(([, object = '']): [string, string] => [
      name,
      object,
    ]),
  )
}

/**
 * Where something is wrong, forgets what was applied: each migration may be applied again and repairs what it made. Also
 * takes away rights that kanthorq_grant did not give.
 */
export const repairFaults = (migrations: readonly Migration[]) => `declare
  v_schema text := current_setting('kanthorq.schema');
  v_faults text := current_setting('kanthorq.faults', true);
  v_newer text;
begin
  if v_faults <> '' then
    execute format('select max(name) from %I.${migrationsTable} where name > $1', v_schema)
    into v_newer
    using '${migrations.at(-1)?.name ?? ''}';
    if v_newer is not null then
      raise exception 'the installation is damaged: %', replace(v_faults, E'\\n', '; ')
        using errcode = 'KQ003', hint = format('A newer version has applied %s: repair it with that version.', v_newer);
    end if;
    raise notice 'the installation is damaged and is made again: %', replace(v_faults, E'\\n', '; ');
    execute format('delete from %I.${migrationsTable}', v_schema);
  elsif to_regprocedure(format('%I._kanthorq_reset_rights(jsonb)', v_schema)) is not null
    and to_regprocedure(format('%I._kanthorq_role_levels()', v_schema)) is not null then
    execute format($rights$
      select %1$I._kanthorq_reset_rights(jsonb_object_agg(pg_get_userbyid(l.role), l.level) filter (where l.role <> 0))
      from %1$I._kanthorq_role_levels() l
      $rights$, v_schema);
  end if;
end;`

/** A block as a statement. */
export const doBlock = (block: string) => `do $block$ ${block} $block$`
