-- Traps: objects that shadow PostgreSQL's and ours in a session with the schema `trap` in front of pg_catalog. A function or an
-- operator that is called raises TRAP0, a table is empty, a type is none that fits.
create schema trap;

grant usage on schema trap to public;

-- Names of objects that our functions may mean.
create temp table word on commit drop as
select distinct m[1] as word from pg_proc o, regexp_matches(o.prosrc, '\w+', 'g') m where o.pronamespace = 'public'::regnamespace;

-- Functions and aggregates of these names, and all operators. Of any type they return text: a caller that expects another fails as
-- well. "any" is for functions in C only.
do $do$
declare
  v_name text;
  v_types text;
  v_operator text;
begin
  for v_name, v_types, v_operator in
    select proname, types, null
    from pg_proc, array_to_string(proargtypes::oid[]::regtype[], ', ') types
    where pronamespace = 'pg_catalog'::regnamespace and proname in (table word) and types !~ '"any"|internal|cstring|record'
    union
    select 'format', array_to_string(array_fill('text'::text, array[n]), ', '), null from generate_series(1, 9) n
    union all
    select 'operator_' || oid, concat_ws(', ', nullif(oprleft, 0)::regtype, oprright::regtype),
      -- Without its left side it is a prefix operator.
      format('operator trap.%s (%s rightarg = %s', oprname, 'leftarg = ' || nullif(oprleft, 0)::regtype || ',', oprright::regtype)
    from pg_operator
    where oprnamespace = 'pg_catalog'::regnamespace and 'record'::regtype not in (oprleft, oprright)
  loop
    execute format(
      'create function trap.%I(%s) returns text language plpgsql as'
      ' $$ begin raise exception using errcode = ''TRAP0'', message = %L; end $$',
      v_name, v_types, format('trapped by %s(%s)', v_name, v_types)
    );
    if v_operator is not null then
      execute format('create %s, function = trap.%I)', v_operator, v_name);
    end if;
  end loop;
end
$do$;

-- Tables named like our tables, and like tables and types of pg_catalog. A table is a type too.
do $do$
declare
  v_name text;
begin
  for v_name in
    select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    union
    select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace and relname in (table word)
    union
    select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace and typname in (table word)
  loop
    execute format('create table trap.%I (id pg_catalog.int4)', v_name);
  end loop;
end
$do$;

grant all on all tables in schema trap to public;
