-- level: viewer
-- Lists the consumers with their settings, how far behind they are, and since when tasks are due. Counts no tasks, so that it is quick.
--
-- Each consumer of the registry has a row. Where a table is gone or has a fault, the columns that need it are null.
create or replace function kanthorq_schema.kanthorq_consumer_list(max_events int default 100000)
returns table (
  consumer_name text,
  stream_name text,
  subject_includes text[],
  subject_excludes text[],
  attempt_max int,
  visibility_timeout bigint,
  held text,
  unread bigint,
  oldest_unread timestamp with time zone,
  oldest_due timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_registry record;
  v_table regclass;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if max_events is null or max_events < 1 then
    raise exception 'max_events is %', coalesce(max_events::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many unread events of a consumer to count, at least 1.';
  end if;
  for v_registry in
    select r.name, r.id, r.stream_id, r.stream_name, r.subject_includes, r.subject_excludes, r.attempt_max, r.visibility_timeout
    from kanthorq_schema.kanthorq_consumer_registry r
    order by r.name
  loop
    consumer_name := v_registry.name;
    stream_name := v_registry.stream_name;
    subject_includes := v_registry.subject_includes;
    subject_excludes := v_registry.subject_excludes;
    attempt_max := v_registry.attempt_max;
    visibility_timeout := v_registry.visibility_timeout;
    held := kanthorq_schema._kanthorq_held(consumer_name, false);
    unread := null;
    oldest_unread := null;
    oldest_due := null;

    v_table := kanthorq_schema._kanthorq_find_table(v_registry.stream_id::text);
    if v_table is not null and kanthorq_schema._kanthorq_table_fault(v_table, 'stream') is null then
      execute format($q$
        select count(*), kanthorq_schema._kanthorq_as_time(min(e.created_at))
        from (select e.created_at from %s e where e.id > $1 order by e.id limit $2) e
        $q$,
        kanthorq_schema._kanthorq_only_sql(v_table)
      )
      into unread, oldest_unread
      using coalesce(kanthorq_schema._kanthorq_true_cursor(consumer_name), ''), max_events;
    end if;

    v_table := kanthorq_schema._kanthorq_find_table(v_registry.id::text);
    if v_table is not null and kanthorq_schema._kanthorq_table_fault(v_table, 'consumer') is null then
      execute format($q$
        select kanthorq_schema._kanthorq_as_time(min(d.schedule_at))
        from unnest(array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')]) s (state)
        cross join lateral (
          select t.schedule_at
          from %s t
          where t.state = s.state and t.attempt_count <= $1 and t.schedule_at < $2
          order by t.schedule_at
          limit 1
        ) d
        $q$,
        kanthorq_schema._kanthorq_only_sql(v_table)
      )
      into oldest_due
      using attempt_max, kanthorq_schema._kanthorq_now();
    end if;
    return next;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_list is 'Lists all consumers, also those without tasks, with their settings and their backlog.

max_events          how many unread events of each to count at most

Returns a row for each, in the order of their names:
consumer_name       the name that other functions take as consumer
stream_name         the stream of its events
subject_includes    filters of the subjects that it wants
subject_excludes    filters of the subjects that it does not want
attempt_max         how many attempts a failing task has before it is discarded
visibility_timeout  milliseconds after which a running task is picked up again
held                since when it is held, by whom and why; null if it is not
unread              how many events lie behind its cursor: not read yet, wanted or not; at most max_events
oldest_unread       when the oldest of them was made
oldest_due          since when the oldest task is due that a worker may take; null if none is

Where a table is gone or has a fault, the columns that need it are null. Raises KQ003 for a bad max_events.';
