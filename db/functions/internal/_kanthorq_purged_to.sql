-- The last event whose task of a consumer was purged; null if none was. Up to there an event without a task is not known to be missed.
create or replace function kanthorq_schema._kanthorq_purged_to(consumer text)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select max(o.last_event_id)
    from kanthorq_schema.kanthorq_task_operation o
    where o.consumer = _kanthorq_purged_to.consumer and o.action = 'purge'
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_purged_to is 'Internal. The last event whose task of a consumer was purged, or null.';
