-- How far a consumer has read its stream: the greatest event id that KanthorQ's primary puller has seen, also while it is held. Null if
-- there is no such consumer.
create or replace function kanthorq_schema._kanthorq_true_cursor(consumer text)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select case when r.cursor = kanthorq_schema._kanthorq_held_cursor() then coalesce(h.cursor, r.cursor) else r.cursor end
    from kanthorq_schema.kanthorq_consumer_registry r
    left join kanthorq_schema.kanthorq_consumer_hold h on h.consumer_id = r.id
    where r.name = _kanthorq_true_cursor.consumer
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_true_cursor is 'Internal. How far a consumer has read its stream.';
