-- Traps: objects that shadow PostgreSQL's and ours for whoever has the schema `trap` in front of pg_catalog. A function or an
-- operator that is called raises TRAP0, a table is empty, a type is none that fits.
create schema trap;

grant usage on schema trap to public;

-- Functions and aggregates: all of pg_catalog whose names occur in a body of ours. Of any type they return text: whoever
-- expects another fails as well.
do $do$
declare
  v_name text;
  v_types text;
begin
  for v_name, v_types in
    select p.proname, array_to_string(array(
      select format_type(t, null) from unnest(p.proargtypes) with ordinality a (t, n) order by n
    ), ', ')
    from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and p.proname in (
        select m[1] from pg_proc o, regexp_matches(o.prosrc, '(\w+)\(', 'g') m
        where o.pronamespace = 'public'::regnamespace
      )
      and not exists (
        select from unnest(p.proargtypes) a (t) join pg_type y on y.oid = a.t
        where y.typtype = 'p' and y.typname !~ '^any[a-z]+$'
      )
    union
    -- "any" is for functions in C only.
    select 'format', array_to_string(array_fill('text'::text, array[n]), ', ') from generate_series(1, 9) n
  loop
    execute format(
      'create function trap.%I(%s) returns text language plpgsql as'
      ' $$ begin raise exception using errcode = ''TRAP0'', message = %L; end $$',
      v_name, v_types, format('trapped by %s(%s)', v_name, v_types)
    );
  end loop;
end
$do$;

-- Operators: all of pg_catalog over types that ours are about.
do $do$
declare
  v_operator record;
begin
  for v_operator in
    select o.oprname as name, format_type(nullif(o.oprleft, 0), null) as left, format_type(o.oprright, null) as right,
      row_number() over () as n
    from pg_operator o
    where o.oprnamespace = 'pg_catalog'::regnamespace
      and o.oprright in (
        'text'::regtype, 'name'::regtype, 'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype,
        'double precision'::regtype, 'boolean'::regtype, 'timestamptz'::regtype, 'interval'::regtype, 'jsonb'::regtype,
        'oid'::regtype, 'tid'::regtype, 'anyarray'::regtype, 'anycompatible'::regtype, 'anycompatiblearray'::regtype,
        'anyelement'::regtype, 'record'::regtype
      )
      and o.oprleft <> 'record'::regtype
  loop
    execute format(
      'create function trap.operator_%s(%s) returns boolean language plpgsql as'
      ' $$ begin raise exception using errcode = ''TRAP0'', message = %L; end $$',
      v_operator.n, concat_ws(', ', v_operator.left, v_operator.right), format('trapped by %s', v_operator.name)
    );
    execute format(
      'create operator trap.%s (%s rightarg = %s, function = trap.operator_%s)',
      -- Without its left side it is a prefix operator.
      v_operator.name, 'leftarg = ' || v_operator.left || ',', v_operator.right, v_operator.n
    );
  end loop;
end
$do$;

-- Tables named like types, like our tables, and like those of pg_catalog. A table is a type too.
do $do$
declare
  v_name text;
begin
  for v_name in
    values ('text'), ('varchar'), ('int2'), ('int4'), ('int8'), ('numeric'), ('float8'), ('bool'), ('timestamptz'), ('interval'),
      ('jsonb'), ('record'), ('regclass'), ('regnamespace'), ('name'), ('oid'), ('tid')
    union
    select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    union
    select c.relname from pg_class c
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v')
      and c.relname in (
        select m[1] from pg_proc o, regexp_matches(o.prosrc, '(\w+)', 'g') m where o.pronamespace = 'public'::regnamespace
      )
  loop
    execute format('create table trap.%I (id pg_catalog.int4)', v_name);
  end loop;
end
$do$;

grant all on all tables in schema trap to public;
