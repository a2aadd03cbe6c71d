-- level: owner
-- Makes tasks of a consumer from events of its stream, as KanthorQ's TaskConvert does: a task has the subject and metadata of its event
-- and is due after the consumer's visibility timeout. The caller decides which events the consumer wants.
--
-- Unknown events, and events that have a task already, are left out. Rows are inserted in the order of event ids, so that two calls with
-- overlapping ids wait for each other and never deadlock.
create or replace function
kanthorq_schema.kanthorq_task_convert(
  consumer text,
  event_ids text[],
  initial_state text default 'running'
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
  v_events regclass;
begin
  if v_state is null then
    perform kanthorq_schema._kanthorq_refuse_state(initial_state);
  end if;
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_events := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_consumer.stream_id, 'stream', v_consumer.stream_name);
  end if;

  return query execute format($q$
    with made as (
      insert into %s as t (event_id, subject, state, schedule_at, metadata)
      select e.id, e.subject, $4, $1 + $5, e.metadata
      from %s e
      where e.id = any ($3)
      order by e.id
      on conflict (event_id) do nothing
      returning t.*
    )
    select %s
    from made t
    join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id
    order by i.n
    $q$,
    kanthorq_schema._kanthorq_find_table(v_consumer.id),
    kanthorq_schema._kanthorq_only_sql(v_events),
    kanthorq_schema._kanthorq_task_columns_sql()
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, event_ids, v_state,
    v_consumer.visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks; running is the one that KanthorQ works, after the consumer''s visibility timeout

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';
