-- level: viewer
-- The failures of a consumer by their cause: the fingerprint of the last error.
--
-- - Equal texts are counted before their fingerprints are taken: there are far fewer of them than of tasks.
-- - The array of errors, which can be large, is read once for a task.
-- - With max_tasks the key leads from the newest task to the older ones, until there are enough failures.
create or replace function
kanthorq_schema.kanthorq_task_errors(
  consumer text default null,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  since timestamp with time zone default null,
  until timestamp with time zone default null,
  max_tasks bigint default null
)
returns setof kanthorq_schema.kanthorq_error
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_filter kanthorq_schema._kanthorq_task_filter;
  v_since bigint := kanthorq_schema._kanthorq_time_limit('since', since);
  v_until bigint := kanthorq_schema._kanthorq_time_limit('until', until);
  v_name text;
  v_consumer record;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  v_filter := kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  if max_tasks < 1 then
    raise exception 'max_tasks is %', max_tasks using errcode = 'KQ003', hint = 'Pass at least 1, or null for no limit.';
  end if;
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_errors.consumer) c loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      with failed as materialized (
        select t.event_id::text collate "C" as event_id, t.subject, t.state, left(f.error, 1000) as error, f.at, %2$s as place
        from (
          select t.event_id, t.subject::text as subject, t.state, t.finalized_at, t.attempted_at,
            (select a.errors[array_upper(a.errors, 1)] from (select t.attempted_error || '{}' as errors offset 0) a) as failure
          from %1$s t
          where kanthorq_schema._kanthorq_task_matches(
            $2, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
          )
          %3$s
          offset 0
        ) t
        cross join lateral (
          select t.failure ->> 'error' as error, coalesce(
            kanthorq_schema._kanthorq_error_time(t.failure), nullif(t.finalized_at, 0), nullif(t.attempted_at, 0)
          ) as at
        ) f
        where f.error is not null
          and ($3 is null or f.at >= $3)
          and ($4 is null or f.at < $4)
        limit $5 + 1
      ),
      counted as materialized (
        select f.error, f.state, f.subject, count(*) as tasks, min(f.at) as first, max(f.at) as last,
          min(f.event_id) as oldest, max(f.event_id) as newest
        from failed f
        where $5 is null or f.place <= $5
        group by f.error, f.state, f.subject
      ),
      cause as materialized (
        select c.error, kanthorq_schema._kanthorq_fingerprint(c.error) as fingerprint
        from (select distinct c.error from counted c) c
      ),
      failure as materialized (
        select k.fingerprint, c.* from counted c join cause k on k.error = c.error
      ),
      state as (
        select s.fingerprint, jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(s.state), s.tasks) as by_state
        from (select f.fingerprint, f.state, sum(f.tasks) as tasks from failure f group by f.fingerprint, f.state) s
        group by s.fingerprint
      ),
      subject as (
        select s.fingerprint, count(*) as subjects,
          jsonb_agg(jsonb_build_object('subject', s.subject, 'tasks', s.tasks) order by s.n) filter (where s.n <= 10) as by_subject
        from (
          select f.fingerprint, f.subject, sum(f.tasks) as tasks,
            row_number() over (partition by f.fingerprint order by sum(f.tasks) desc, f.subject) as n
          from failure f
          group by f.fingerprint, f.subject
        ) s
        group by s.fingerprint
      ),
      sample as (
        select s.fingerprint, array_agg(s.event_id order by s.n) as event_ids
        from (
          select d.*, row_number() over (partition by d.fingerprint order by d.event_id desc) as n
          from (select f.fingerprint, f.newest as event_id from failure f union select f.fingerprint, f.oldest from failure f) d
        ) s
        where s.n <= 5
        group by s.fingerprint
      )
      select $1, g.fingerprint, g.tasks, kanthorq_schema._kanthorq_as_time(g.first), kanthorq_schema._kanthorq_as_time(g.last),
        s.by_state, u.by_subject, u.subjects, g.sample_error, i.event_ids,
        coalesce((select count(*) from failed) > $5, false)
      from (
        select f.fingerprint, sum(f.tasks)::bigint as tasks, min(f.first) as first, max(f.last) as last,
          (array_agg(f.error order by f.newest desc))[1] as sample_error
        from failure f
        group by f.fingerprint
      ) g
      join state s on s.fingerprint = g.fingerprint
      join subject u on u.fingerprint = g.fingerprint
      join sample i on i.fingerprint = g.fingerprint
      order by g.tasks desc, g.fingerprint collate "C"
      $q$,
      v_consumer.tasks,
      case when max_tasks is null then '0' else 'row_number() over (order by t.event_id desc)' end,
      case when max_tasks is not null then 'order by t.event_id desc' end
    )
    using v_name, v_filter, v_since, v_until, max_tasks;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_errors is 'Groups the tasks that failed by the cause: by the fingerprint of their last error, most tasks first.

A fingerprint is the first line of an error, at most 200 characters, in which * stands for each value: numbers, ids, hex, URLs and other
addresses, and what is quoted or in brackets. Equal errors about other tasks have one fingerprint, which the filters take.

consumer          name of a consumer, or null for all
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
since             only tasks whose last attempt failed at this time or later, whether or not they are retried
until             only tasks whose last attempt failed before this time
max_tasks         only the newest events, so many of each consumer; null is no limit

Returns rows of type kanthorq_error for each consumer, in the order of their names. Tasks that have been completed since are among them:
by_state tells. A row has as many tasks as kanthorq_task_count counts with the same filter and its fingerprint.

With null, a consumer whose table is gone or has a fault is left out with a warning. Raises KQ001 if there is no such consumer, KQ002 if
its table is gone, KQ003 for a bad argument.';
