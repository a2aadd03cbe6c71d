-- level: operator
-- Ends a hold: the cursor comes back, and the triggers go. The events that came meanwhile get their tasks, in their order.
--
-- A cursor that somebody has set meanwhile stays.
create or replace function
kanthorq_schema.kanthorq_consumer_release(
  consumer text,
  reason text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_variable
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_cursor text;
  v_refused boolean;
begin
  perform from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer for update;
  delete from kanthorq_schema.kanthorq_consumer_hold h where h.consumer_id = v_consumer.id returning h.cursor into v_cursor;
  v_refused := exists (
    select
    from pg_trigger g
    where g.tgrelid = v_table and g.tgfoid = 'kanthorq_schema._kanthorq_refuse_claim()'::regprocedure
  );
  if v_cursor is null and not v_refused then
    return false;
  end if;
  update kanthorq_schema.kanthorq_consumer_registry r
  set cursor = v_cursor
  where r.name = consumer and r.cursor = kanthorq_schema._kanthorq_held_cursor() and v_cursor is not null;
  if v_refused then
    perform kanthorq_schema._kanthorq_set_claims(v_table, false);
  end if;
  perform kanthorq_schema._kanthorq_task_log(
    kanthorq_schema._kanthorq_now(), 'release'::text, consumer, reason, '{}'::kanthorq_schema.kanthorq_task_change[], null::bigint,
    null::bigint, null::bigint
  );
  return true;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_release is 'Ends a hold of kanthorq_consumer_hold: the events that came meanwhile get their tasks, and workers take tasks again.

consumer  name of the consumer
reason    why, for the log

Returns whether it was held. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for null, and 55P03 if
transactions that have read or changed its tasks go on for more than two seconds.';
