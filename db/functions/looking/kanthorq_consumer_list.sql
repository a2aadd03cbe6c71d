-- level: viewer
-- Lists the consumers, for roles without rights on the registry.
create or replace function kanthorq_schema.kanthorq_consumer_list()
returns table (
  consumer_name text,
  stream_name text,
  attempt_max int,
  held text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  return query
  select r.name::text, r.stream_name::text, r.attempt_max::int, kanthorq_schema._kanthorq_held(r.name::text, false)
  from kanthorq_schema.kanthorq_consumer_registry r
  order by r.name;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_list is 'Lists all consumers.

Returns a row for each, in the order of their names:
consumer_name  the name that other functions take as consumer
stream_name    the stream of its events
attempt_max    how many attempts a failing task has before it is discarded
held           since when it is held, by whom and why; null if it is not';
