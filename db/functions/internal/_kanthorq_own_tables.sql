-- Our own tables and their sequences, which nobody but the owner reads or writes; KanthorQ's are not among them. The migrations table
-- is missing where the functions were copied by hand.
create or replace function kanthorq_schema._kanthorq_own_tables()
returns table (
  name regclass
)
language plpgsql
stable
as $function$
begin
  return query
  select c.oid::regclass
  from pg_class t
  join pg_class c on c.oid = t.oid or c.relkind = 'S' and exists (
    select
    from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid
  )
  where t.oid in (
    'kanthorq_schema.kanthorq_task_operation'::regclass, 'kanthorq_schema.kanthorq_consumer_hold'::regclass,
    to_regclass('kanthorq_schema.kanthorq_migrations')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_own_tables is 'Internal. Our own tables and their sequences.';
