-- The streams and consumers of the registries, each with its table, or null if there is none.
create or replace function kanthorq_schema._kanthorq_registered()
returns table (
  kind text,
  name text,
  id text,
  task_table regclass,
  registry text
)
language plpgsql
stable
as $function$
begin
  return query
  select r.kind, r.name, r.id, kanthorq_schema._kanthorq_find_table(r.id), r.registry
  from (
    select 'consumer' as kind, c.name::text, c.id::text, 'kanthorq_consumer_registry' as registry
    from kanthorq_schema.kanthorq_consumer_registry c
    union all
    select 'stream', s.name, s.id, 'kanthorq_stream_registry'
    from kanthorq_schema.kanthorq_stream_registry s
  ) r;
end
$function$;

comment on function kanthorq_schema._kanthorq_registered is 'Internal. The streams and consumers with their tables.';
