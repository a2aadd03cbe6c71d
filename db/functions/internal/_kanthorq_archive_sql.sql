-- The part of a purge that keeps the rows of the CTE gone in an archive table; empty without one. Raises KQ003.
--
-- What another role attaches to the archive would run with the owner's rights, so it has to be as sound as the table of the rows. It
-- has to have all columns of that table, and to survive a crash.
create or replace function
kanthorq_schema._kanthorq_archive_sql(
  archive text,
  source regclass,
  kind text
)
returns text
language plpgsql
stable
as $function$
declare
  v_archive regclass;
  v_fault text;
  v_columns text;
begin
  if archive is null then
    return '';
  end if;
  select c.oid,
    case
      when exists (select from kanthorq_schema._kanthorq_registered() r where r.task_table = c.oid)
        or exists (select from kanthorq_schema._kanthorq_own_tables() o where o.name = c.oid) then 'is in use by KanthorQ'
      when c.relpersistence <> 'p' then 'loses its rows in a crash or with the session'
      else kanthorq_schema._kanthorq_table_fault(c.oid::regclass, kind)
    end
  into v_archive, v_fault
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relname = archive and n.oid = 'kanthorq_schema'::regnamespace or n.nspname || '.' || c.relname = archive
  order by n.oid = 'kanthorq_schema'::regnamespace desc
  limit 1;
  if v_archive is null then
    v_fault := 'does not exist';
  elsif v_fault is null then
    select string_agg(quote_ident(s.attname), ', ' order by s.attnum),
      'has no column ' || quote_literal(min(s.attname::text) filter (where a.attnum is null)) || ' of the same type'
    into v_columns, v_fault
    from pg_attribute s
    left join pg_attribute a on a.attrelid = v_archive and a.attname = s.attname and a.atttypid = s.atttypid
      and a.attnum > 0 and a.attgenerated = ''
    where s.attrelid = source and s.attnum > 0 and not s.attisdropped and s.attgenerated = '';
  end if;
  if v_fault is not null then
    raise exception 'the archive % %', kanthorq_schema._kanthorq_shown(archive), v_fault
      using errcode = 'KQ003', hint = format('Make a table for it: create table my_archive (like %s)', source);
  end if;
  return format(
    ', archived as (insert into %1$s (%2$s) select %2$s from gone)', v_archive, v_columns
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_archive_sql is 'Internal. The part of a purge that keeps the rows in an archive table; KQ003 for a bad one.';
