-- What is wrong with the triggers of a table and its partitions, as the end of a sentence; null if nothing is.
--
-- A role with the right TRIGGER may name any function, and a condition too. Functions of PostgreSQL's own that are not immutable can
-- run any SQL in it (query_to_xml), so a condition has to do without them.
create or replace function kanthorq_schema._kanthorq_trigger_fault(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select kanthorq_schema._kanthorq_one_line(f.fault)
    from (select name as relid union select p.relid from pg_partition_tree(name) p) t
    join pg_class c on c.oid = t.relid
    join pg_trigger g on g.tgrelid = c.oid and not g.tgisinternal
    cross join lateral (
      select format('has a trigger with code of the role %I', o.rolname) as fault
      from pg_depend d
      left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
      left join pg_operator q on d.refclassid = 'pg_operator'::regclass and q.oid = d.refobjid
      left join pg_type y on d.refclassid = 'pg_type'::regclass and y.oid = d.refobjid
      join pg_roles o on o.oid = coalesce(p.proowner, q.oprowner, y.typowner) and o.oid <> c.relowner and not o.rolsuper
      where d.classid = 'pg_trigger'::regclass and d.objid = g.oid
      union all
      select format('has a trigger whose condition calls %s, which may run other code', p.oid::regprocedure)
      from regexp_matches(g.tgqual::text, ':funcid ([0-9]+)', 'g') m (id)
      join pg_proc p on p.oid = m.id[1]::oid and p.provolatile <> 'i'
    ) f
    limit 1
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_trigger_fault is 'Internal. What is wrong with the triggers of a table; null if nothing is.';
