-- The table that holds the events of a stream or the tasks of a consumer, given the id from its registry row; null if there is
-- none. key is the column that such a table has: id or event_id.
--
-- Every call of ours asks this. PL/pgSQL keeps the plan for the session, where SQL would plan it anew in each transaction.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
create or replace function kanthorq_schema._kanthorq_find_table(id text, key text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return (
    select c.oid::regclass
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = key
    where c.relname = 'kanthorq_' || id and c.relnamespace = 'kanthorq_schema'::regnamespace and c.relkind in ('r', 'p')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';

revoke all on function kanthorq_schema._kanthorq_find_table from public;
