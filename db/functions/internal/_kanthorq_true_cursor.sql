-- How far a consumer has read its stream: the greatest event id that KanthorQ's primary puller has seen. Null if there is no such
-- consumer.
create or replace function kanthorq_schema._kanthorq_true_cursor(consumer text)
returns text
language plpgsql
stable
as $function$
begin
  return (select r.cursor from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer);
end
$function$;

comment on function kanthorq_schema._kanthorq_true_cursor is 'Internal. How far a consumer has read its stream.';
