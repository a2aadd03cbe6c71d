-- level: worker
-- Gives tasks to a worker: what KanthorQ's three pullers do, in one call.
--
-- First tasks that are due: failed ones, then those whose worker has not reported in time, by KanthorQ's conditions and with its back-off.
-- A task whose event is gone is discarded, because it could never be handled. Then new events, from the consumer's cursor on.
--
-- KanthorQ's cursor passes over an event that is committed after a younger one was read. Such late events are looked for behind the cursor,
-- as far back as lookback says. Rows that another session has locked are skipped, the cursor too: no pull waits for another.
create or replace function
kanthorq_schema.kanthorq_task_pull(
  consumer text,
  max_tasks int default 100,
  subjects text[] default null,
  lookback interval default '1 minute'
)
returns setof kanthorq_schema.kanthorq_pulled_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_events regclass := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
  v_patterns text[];
  v_begin text;
  v_wanted text;
  v_cursor text;
  v_begun record;
  v_due text;
  v_state smallint;
  v_left int := max_tasks;
  v_pulled int;
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks the worker can take, at least 1.';
  end if;
  if lookback is null or not isfinite(lookback) or lookback < interval '0' or lookback > interval '1 year' then
    raise exception 'lookback is %', coalesce(lookback::text, 'null')
      using errcode = 'KQ003', hint = 'Pass an interval of at most a year; 0 looks at no event behind the cursor.';
  end if;
  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_consumer.stream_id, 'stream', v_consumer.stream_name);
  end if;
  if subjects is not null then
    perform kanthorq_schema._kanthorq_check_subject_filters('subjects', subjects);
    v_patterns := array(select kanthorq_schema._kanthorq_subject_pattern(s) from unnest(subjects) s);
  end if;

  -- A hold stops the pulls, or the intake alone.
  if kanthorq_schema._kanthorq_held(consumer, true) is not null then
    return;
  end if;

  -- One state after the other, each with a limit that the planner knows: it would read the whole table for a limit that it has to guess.
  v_due := format($q$
    with claimed as materialized (
      select t.event_id
      from %1$s t
      where t.state = $6 and t.attempt_count <= $2 and t.schedule_at < $1 and ($5 is null or t.subject ~ any ($5))
      order by t.schedule_at
      limit $3
      for no key update
      skip locked
    ),
    due as materialized (
      select c.event_id, e.id is null as is_gone, e.body, e.created_at
      from claimed c
      left join %2$s e on e.id = c.event_id
    ),
    pulled as (
      update %1$s t
      set state = case when d.is_gone then %4$s else %3$s end,
        finalized_at = case when d.is_gone then $1 else t.finalized_at end,
        attempt_count = t.attempt_count + 1,
        attempted_at = $1,
        attempted_error = case when d.is_gone
          then t.attempted_error || jsonb_build_object('at', $1, 'error', 'the event is gone', 'stack', 'kanthorq_task_pull')
          else t.attempted_error end,
        schedule_at = $1 + $4 + (least(power(t.attempt_count, 4) * 1000, 1e15) * (0.9 + random() * 0.2))::bigint
      from due d
      where t.event_id = d.event_id and t.attempt_count <= $2 and t.schedule_at < $1 and t.state = $6
      returning t.event_id, t.subject, d.body, t.metadata, t.attempt_count, t.schedule_at, d.created_at, d.is_gone
    )
    select p.event_id::text, p.subject::text, p.body, p.metadata, p.attempt_count::integer, $2::integer,
      kanthorq_schema._kanthorq_as_time(p.schedule_at), kanthorq_schema._kanthorq_as_time(p.created_at)
    from pulled p
    where not p.is_gone
    order by p.event_id
    $q$,
    v_consumer.tasks, kanthorq_schema._kanthorq_only_sql(v_events), kanthorq_schema._kanthorq_task_state('running'),
    kanthorq_schema._kanthorq_task_state('discarded')
  );
  foreach v_state in array array[kanthorq_schema._kanthorq_task_state('retryable'), kanthorq_schema._kanthorq_task_state('running')] loop
    return query execute v_due using v_now, v_consumer.attempt_max, v_left, v_consumer.visibility_timeout, v_patterns, v_state;
    get diagnostics v_pulled = row_count;
    v_left := v_left - v_pulled;
    exit when v_left = 0;
  end loop;
  if v_left = 0 or kanthorq_schema._kanthorq_held(consumer, false) is not null then
    return;
  end if;

  -- As KanthorQ's puller locks it.
  select r.cursor, kanthorq_schema._kanthorq_wanted_pattern(r.subject_includes::text[], r.subject_excludes::text[])
  into v_cursor, v_wanted
  from kanthorq_schema.kanthorq_consumer_registry r
  where r.name = consumer
  for update
  skip locked;
  if not found then
    return;
  end if;
  v_begin := kanthorq_schema._kanthorq_task_begin_sql(
    v_consumer.tasks, kanthorq_schema._kanthorq_find_table(v_consumer.id), kanthorq_schema._kanthorq_only_sql(v_events)
  );
  -- A consumer that wants few events passes over at most 100,000 of the others in one call.
  for v_page in 1..10 loop
    execute v_begin
    into v_begun
    using v_cursor, null::text, 10000, v_left, v_wanted, v_patterns, v_now, v_consumer.visibility_timeout, v_consumer.attempt_max;
    exit when v_begun.read is null;
    v_cursor := v_begun.read;
    return query select u.* from unnest(v_begun.tasks) u;
    v_left := v_left - v_begun.made;
    exit when v_left = 0;
  end loop;
  update kanthorq_schema.kanthorq_consumer_registry r set cursor = v_cursor where r.name = consumer and r.cursor <> v_cursor;

  if v_left > 0 and lookback > interval '0' then
    execute v_begin
    into v_begun
    using
      greatest(
        'event_' || kanthorq_schema._kanthorq_crockford(v_now - (extract(epoch from lookback) * 1000)::bigint, 10),
        kanthorq_schema._kanthorq_purged_to(consumer)
      ),
      v_cursor, null::int, v_left, v_wanted, v_patterns, v_now, v_consumer.visibility_timeout, v_consumer.attempt_max;
    return query select u.* from unnest(v_begun.tasks) u;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_pull is 'Gives tasks to a worker: those that are due, and new ones of events that came since the last pull.

consumer   name of the consumer
max_tasks  how many at most
subjects   only tasks whose subject one of these filters matches; tasks of other new events are left to other workers, due at once
lookback   how far behind the cursor to look for events that came late; 0 is not at all. It costs a look at each event of that time

Returns rows of type kanthorq_pulled_task. The worker holds each until lease_until, and reports on it with its attempt:
kanthorq_task_complete, kanthorq_task_fail, kanthorq_task_extend, kanthorq_task_release. Without a report, another pull gives the task
to another worker after that, as long as it has attempts left.
A consumer that is held gives no task, and one whose intake is held no new one.

Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad argument.';
