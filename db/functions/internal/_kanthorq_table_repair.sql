-- The SQL that makes a table with a fault usable. Only a comment where code of the table would run as the owner then: a person has to
-- look at it first.
create or replace function kanthorq_schema._kanthorq_table_repair(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select case
      when pg_get_userbyid(c.relowner) <> current_user and c.relkind = 'r' and not c.relhastriggers and not c.relhasrules
        and not exists (
          select
          from pg_depend d
          left join pg_depend e on e.classid = d.classid and e.objid = d.objid
          where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
            and (d.classid = 'pg_policy'::regclass or e.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass))
        )
        and not exists (
          select from pg_attribute a join pg_type t on t.oid = a.atttypid
          where a.attrelid = c.oid and t.typnamespace <> 'pg_catalog'::regnamespace
        )
        then format('alter table %s owner to %I', c.oid::regclass, current_user)
      when pg_get_userbyid(c.relowner) <> current_user
        then '-- look at its triggers, rules, defaults, indexes and policies, which will run with the rights of the new owner; '
          || 'then, as a superuser: alter table ... owner to ...'
      when row_security_active(c.oid) then format('alter table %s no force row level security', c.oid::regclass)
      else '-- a table that KanthorQ made has no such fault: repair what was changed by hand'
    end
    from pg_class c
    where c.oid = name
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_table_repair is 'Internal. The SQL that makes a table with a fault usable.';
