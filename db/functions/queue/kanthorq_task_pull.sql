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
  v_states smallint[];
  v_state smallint;
  v_take text;
  v_cursor text;
  v_wanted text;
  v_begin text;
  v_page int;
  v_read text;
  v_ids text[];
  v_last text;
  v_left int := max_tasks;
  v_given int;
  v_until timestamptz := clock_timestamp() + interval '1 s';
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

  -- Most pulls find nothing due: a look is cheaper than the statement that takes tasks.
  execute format($q$
    select array_remove(array[
      (select t.state from %1$s t where t.state = %2$s and t.attempt_count <= $2 and t.schedule_at < $1 order by t.schedule_at limit 1),
      (select t.state from %1$s t where t.state = %3$s and t.attempt_count <= $2 and t.schedule_at < $1 order by t.schedule_at limit 1)
    ], null)
    $q$,
    v_consumer.tasks, kanthorq_schema._kanthorq_task_state('retryable'), kanthorq_schema._kanthorq_task_state('running')
  )
  into v_states
  using v_now, v_consumer.attempt_max;

  -- One state after the other, each with a limit that the planner knows: it would read the whole table for a limit that it has to guess.
  v_take := format($q$
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
  foreach v_state in array v_states loop
    return query execute v_take using v_now, v_consumer.attempt_max, v_left, v_consumer.visibility_timeout, v_patterns, v_state;
    get diagnostics v_given = row_count;
    v_left := v_left - v_given;
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
  v_page := v_left;
  -- Whether a task is new is asked in an expression: a join of so few rows as the planner expects would compare each with each. The first
  -- and the last id are given too, because the planner would read all of a table that is not large for some hundred ids.
  v_begin := format($q$
    with wanted as materialized (
      select e.id, e.subject, e.body, e.metadata, e.created_at, $2 is null or e.subject ~ any ($2) as is_taken
      from %2$s e
      where e.id = any ($1) and e.id >= $6 and e.id <= $7
    ),
    made as (
      insert into %1$s as t (event_id, subject, state, schedule_at, metadata)
      select w.id, w.subject, %3$s, case when w.is_taken then $3 + $4 else $3 end, w.metadata
      from wanted w
      order by w.id
      on conflict (event_id) do nothing
      returning t.event_id
    )
    select w.id::text, w.subject::text, w.body, w.metadata, 0, $5::integer, kanthorq_schema._kanthorq_as_time($3 + $4),
      kanthorq_schema._kanthorq_as_time(w.created_at)
    from wanted w
    where w.is_taken and (w.id in (select m.event_id from made m)) is true
    order by w.id
    $q$,
    kanthorq_schema._kanthorq_find_table(v_consumer.id), kanthorq_schema._kanthorq_only_sql(v_events),
    kanthorq_schema._kanthorq_task_state('running')
  );
  -- At first no more events than there is room for, because most consumers want most of them. One that wants few of millions passes over
  -- some of them in each call, so that no timeout makes it begin anew.
  loop
    execute format($q$
      select max(p.id), array_agg(p.id order by p.id) filter (where p.subject ~ $3),
        (array_agg(p.id order by p.id) filter (where p.subject ~ $3 and ($4 is null or p.subject ~ any ($4))))[$5]
      from (select e.id, e.subject from %s e where e.id > $1 order by e.id limit $2) p
      $q$,
      kanthorq_schema._kanthorq_only_sql(v_events)
    )
    into v_read, v_ids, v_last
    using v_cursor, v_page, v_wanted, v_patterns, v_left;
    exit when v_read is null;
    if v_last < v_read then
      v_read := v_last;
      v_ids := array(select u.id from unnest(v_ids) u (id) where u.id <= v_last);
    end if;
    v_cursor := v_read;
    if v_ids is not null then
      return query execute v_begin
      using v_ids, v_patterns, v_now, v_consumer.visibility_timeout, v_consumer.attempt_max, v_ids[1], v_ids[cardinality(v_ids)];
      get diagnostics v_given = row_count;
      v_left := v_left - v_given;
    end if;
    exit when v_left = 0 or clock_timestamp() > v_until;
    v_page := 10000;
  end loop;
  update kanthorq_schema.kanthorq_consumer_registry r set cursor = v_cursor where r.name = consumer and r.cursor <> v_cursor;

  if v_left > 0 and lookback > interval '0' then
    -- Whether there is a task is asked for each event, in a sub-select: a join could read all tasks for the first few events.
    execute format($q$
      select array_agg(p.id order by p.id)
      from (
        select e.id
        from %s e
        where e.id > $1 and e.id < $2 and e.subject ~ $3 and (select t.event_id from %s t where t.event_id = e.id) is null
        order by e.id
        limit $4
      ) p
      $q$,
      kanthorq_schema._kanthorq_only_sql(v_events), v_consumer.tasks
    )
    into v_ids
    using
      greatest(
        'event_' || kanthorq_schema._kanthorq_crockford(v_now - (extract(epoch from lookback) * 1000)::bigint, 10),
        kanthorq_schema._kanthorq_purged_to(consumer)
      ),
      v_cursor, v_wanted, v_left;
    if v_ids is not null then
      return query execute v_begin
      using v_ids, v_patterns, v_now, v_consumer.visibility_timeout, v_consumer.attempt_max, v_ids[1], v_ids[cardinality(v_ids)];
    end if;
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
A call looks at new events for one second: when it took longer and gave fewer tasks than max_tasks, there may be more.

Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad argument.';
