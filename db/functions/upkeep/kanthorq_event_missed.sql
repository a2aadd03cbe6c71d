-- level: viewer
-- The events that KanthorQ passed over: they match the consumer, lie behind its cursor, and have no task.
--
-- KanthorQ's cursor is the greatest id that it has read. An event that is committed after a younger one was read is never scanned, nor
-- is one whose publisher's clock is behind. A puller moves the cursor and makes the tasks in one transaction, so that one snapshot
-- shows both or neither. Most events have a task, so the
-- subjects come last. An event is not known to be missed if its task may have been purged.
create or replace function
kanthorq_schema.kanthorq_event_missed(
  consumer text,
  since timestamp with time zone default now() - cast('1 day' as interval)
)
returns table (
  event_id text,
  subject text,
  metadata jsonb,
  created_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_registry kanthorq_schema.kanthorq_consumer_registry;
  v_events regclass := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
begin
  if not isfinite(since) then
    raise exception 'since is infinite' using errcode = 'KQ003', hint = 'Pass a point in time, or null for all events of the stream.';
  end if;
  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_consumer.stream_id, 'stream', v_consumer.stream_name);
  end if;
  select r.* into v_registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  return query execute format($q$
    with untasked as materialized (
      select e.id, e.subject
      from %1$s e
      where ($1 is null or e.id >= $1) and ($4 is null or e.id > $4) and e.id <= $2
        and not exists (select from %2$s t where t.event_id = e.id)
    ),
    wanted as materialized (
      select u.subject
      from untasked u
      group by u.subject
      having u.subject ~ $3
    )
    select e.id::text, e.subject::text, e.metadata, kanthorq_schema._kanthorq_as_time(e.created_at)
    from untasked u
    join wanted w on w.subject = u.subject
    join %1$s e on e.id = u.id
    order by e.id
    $q$,
    kanthorq_schema._kanthorq_only_sql(v_events), v_consumer.tasks
  )
  using
    -- An id begins with its time, of 48 bits.
    'event_' || case when since is not null then kanthorq_schema._kanthorq_crockford(
      least(greatest(kanthorq_schema._kanthorq_as_milliseconds(since), 0), 281474976710655), 10
    ) end,
    kanthorq_schema._kanthorq_true_cursor(consumer),
    kanthorq_schema._kanthorq_wanted_pattern(v_registry.subject_includes::text[], v_registry.subject_excludes::text[]),
    kanthorq_schema._kanthorq_purged_to(consumer);
end
$function$;

comment on function kanthorq_schema.kanthorq_event_missed is 'Lists the events that KanthorQ passed over: they match the filters of the consumer, lie behind its cursor, and have no task.

consumer  name of the consumer
since     only events whose ids were made from then on; null is all events of the stream

Returns a row for each, oldest first:
event_id    its id, for kanthorq_task_convert
subject     its subject
metadata    its metadata
created_at  when its publisher made it

Events up to the last one whose task was purged are left out. Where tasks were deleted in another way, let since be later. Raises KQ001 if there is no such
consumer, KQ002 if its table or that of its stream is gone, KQ003 for an infinite time.';
