-- The table of a consumer's tasks (key event_id) or of a stream's events (key id), given the id from the registry; null if there
-- is none.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
create or replace function kanthorq_schema._kanthorq_find_table(id text, key text)
returns regclass
language plpgsql
stable
as $function$
begin
  return (
    select c.oid::regclass
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = key
    where c.relname = 'kanthorq_' || id
      and c.relnamespace = 'kanthorq_schema'::regnamespace
      and c.relkind in ('r', 'p')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';
