-- The last event that a consumer's primary puller has read. The only place that reads a cursor.
create or replace function kanthorq_schema._kanthorq_true_cursor(consumer text)
returns text
language plpgsql
stable
as $function$
begin
  return (select r.cursor from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer);
end
$function$;

comment on function kanthorq_schema._kanthorq_true_cursor is 'Internal. The last event that a consumer has read.';
