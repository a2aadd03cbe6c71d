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
returns table (
  event_id text,
  subject text,
  state text,
  schedule_at timestamp with time zone,
  finalized_at timestamp with time zone,
  attempt_count int,
  attempted_at timestamp with time zone,
  attempted_error jsonb[],
  metadata jsonb,
  created_at timestamp with time zone,
  updated_at timestamp with time zone
)
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $2, floor(extract(epoch from clock_timestamp()) * 1000) + $3, e.metadata'
    ' from %s e where e.id = any ($1) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select m.event_id::text, m.subject::text, s.name, to_timestamp(m.schedule_at / 1000.0),'
    ' to_timestamp(nullif(m.finalized_at, 0) / 1000.0), m.attempt_count::integer,'
    ' to_timestamp(nullif(m.attempted_at, 0) / 1000.0), m.attempted_error, m.metadata,'
    ' to_timestamp(m.created_at / 1000.0), to_timestamp(m.updated_at / 1000.0)'
    ' from made m'
    ' join kanthorq_schema._kanthorq_task_states() s on s.code = m.state'
    ' join (select id, min(n) as n from unnest($1) with ordinality i (id, n) group by id) i on i.id = m.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id, 'stream ' || quote_literal((v_consumer.registry).stream_name)
    )
  )
  using event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, in the order of event_ids. Events that are unknown or that the consumer has a task for are
passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;
