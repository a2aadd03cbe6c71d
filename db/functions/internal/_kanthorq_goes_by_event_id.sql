-- Whether a plan, from EXPLAIN (FORMAT JSON), visits the rows of a table in the order of their event ids: by index scans
-- only, over indexes that begin with event_id.
create or replace function kanthorq_schema._kanthorq_goes_by_event_id(plan jsonb)
returns boolean
language sql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select not exists (
  select
  from jsonb_path_query(plan, '$.**."Node Type"') n (type)
  where n.type #>> '{}' not in ('Aggregate', 'CTE Scan', 'Index Scan', 'ModifyTable', 'Result')
) and not exists (
  select
  from jsonb_path_query(plan, '$.**."Index Name"') n (name)
  where not exists (
    select
    from pg_class c
    join pg_index i on i.indexrelid = c.oid
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where c.relname = n.name #>> '{}' and c.relnamespace = 'kanthorq_schema'::regnamespace and a.attname = 'event_id'
  )
)
$function$;

comment on function kanthorq_schema._kanthorq_goes_by_event_id is 'Internal. Whether a plan visits rows in the order of their event ids.';

revoke all on function kanthorq_schema._kanthorq_goes_by_event_id from public;
