-- The findings of kanthorq_doctor about our own tables, functions and migrations.
create or replace function kanthorq_schema._kanthorq_doctor_installation()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
  v_sequence record;
  v_last bigint;
  v_migrated boolean;
begin
  return query
  select 'table is not ours', 'error', format('%s %s', o.name, f.fault), kanthorq_schema._kanthorq_table_repair(o.name)
  from (
    values
      ('kanthorq_schema.kanthorq_consumer_registry'::regclass), ('kanthorq_schema.kanthorq_stream_registry'::regclass),
      ('kanthorq_schema.kanthorq_task_operation'::regclass), ('kanthorq_schema.kanthorq_consumer_hold'::regclass)
  ) o (name)
  cross join lateral kanthorq_schema._kanthorq_table_fault(o.name, null::text) f (fault)
  where f.fault is not null;

  return query
  select 'schema was renamed', 'error',
    format('the functions of schema %s work on the tables of this schema, whose name it had', s.name),
    '-- npx kanthorq-tasks migrate up --schema with the name that the other schema has now'
  from kanthorq_schema._kanthorq_claimed_by() s (name)
  where s.name is not null;

  return query
  select 'functions are missing', 'error',
    format('%s functions are missing: %s', count(*), string_agg(l.name, ', ' order by l.name)),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  from kanthorq_schema._kanthorq_function_levels() l
  where not exists (select from pg_proc p where p.proname = l.name and p.pronamespace = v_schema)
  having count(*) > 0;

  -- Rows that came by COPY or by logical replication do not move the sequence: the next id is taken.
  for v_sequence in
    select c.oid::regclass as name, a.attrelid::regclass as owned_by, a.attname
    from kanthorq_schema._kanthorq_own_tables() o
    join pg_class c on c.oid = o.name and c.relkind = 'S'
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where kanthorq_schema._kanthorq_table_fault(a.attrelid::regclass, null::text) is null
  loop
    execute format('select max(%I) from %s', v_sequence.attname, v_sequence.owned_by) into v_last;
    if v_last > coalesce(pg_sequence_last_value(v_sequence.name), 0) then
      return query values (
        'sequence is behind', 'error',
        format('sequence %s is behind the rows of %s: nothing can be logged', v_sequence.name, v_sequence.owned_by),
        format('select setval(%L, %s)', v_sequence.name, v_last)
      );
    end if;
  end loop;

  -- The migrations table is missing where the functions were copied by hand.
  if to_regclass('kanthorq_schema.kanthorq_migrations') is not null
    and kanthorq_schema._kanthorq_table_fault(to_regclass('kanthorq_schema.kanthorq_migrations'), null::text) is null then
    execute 'select exists (select from kanthorq_schema.kanthorq_migrations m where m.name = $1)'
    into v_migrated
    using kanthorq_schema._kanthorq_newest_migration();
  end if;
  return query
  select 'migrations', 'warning',
    format('migration %s is not recorded in kanthorq_migrations', kanthorq_schema._kanthorq_newest_migration()),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  where v_migrated is not true;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_installation is 'Internal. What kanthorq_doctor finds about the installation.';
