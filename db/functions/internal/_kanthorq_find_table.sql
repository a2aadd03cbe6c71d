-- The table of a consumer's tasks or of a stream's events, given the id from the registry; null if there is none.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection). It may belong to anybody:
-- _kanthorq_table_fault judges that.
create or replace function kanthorq_schema._kanthorq_find_table(id text)
returns regclass
language plpgsql
stable
as $function$
begin
  return (
    select c.oid::regclass
    from pg_class c
    where c.relname = 'kanthorq_' || id
      and c.relnamespace = 'kanthorq_schema'::regnamespace
      and c.relkind in ('r', 'p')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';
