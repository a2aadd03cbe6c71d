-- Makes tasks of a consumer out of events of its stream.
--
-- Does what KanthorQ's TaskConvert does: each task takes its subject and metadata from the event and is due after the
-- consumer's visibility timeout; which events a consumer wants is decided by the caller, not here. Events that are not
-- in the stream, and those that the consumer has a task for already, are passed over.
-- Rows are inserted in event-id order, so that two calls with overlapping ids wait for each other but never deadlock.
create or replace function
kanthorq_schema.kanthorq_task_convert(
  consumer text,
  event_ids text[],
  initial_state text default 'available'
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $4, $1 + $5, e.metadata'
    ' from %s e where e.id = any ($3) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select %s from made t'
    ' join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id::text, 'id', 'stream', (v_consumer.registry).stream_name::text
    ),
    kanthorq_schema._kanthorq_task_columns()
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;
