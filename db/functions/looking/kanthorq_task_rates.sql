-- level: viewer
-- How a queue evolves: what arrived, was completed, failed, was discarded and cancelled in each bucket of time, and what waited at its end.
--
-- All of it stands in the tasks themselves, which are read once, and those with errors twice. So a task counts as it is now: one that was
-- resumed is not finished any more, and one that was purged has never been.
create or replace function
kanthorq_schema.kanthorq_task_rates(
  consumer text default null,
  since timestamp with time zone default now() - cast('1 hour' as interval),
  bucket interval default '5 minutes'
)
returns table (
  consumer_name text,
  at timestamp with time zone,
  arrived bigint,
  completed bigint,
  failed bigint,
  discarded bigint,
  cancelled bigint,
  waiting bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_step bigint;
  v_from bigint;
  v_buckets bigint;
  v_name text;
  v_consumer record;
begin
  if bucket is null or not isfinite(bucket) or bucket < interval '1 second' or bucket > interval '100 years' then
    raise exception 'bucket is %', coalesce(bucket::text, 'null')
      using errcode = 'KQ003', hint = 'Pass an interval of a second at least: interval ''5 minutes''';
  end if;
  if since is null or not isfinite(since) then
    raise exception 'since is %', coalesce(since::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time: now() - interval ''1 hour''';
  end if;
  v_step := extract(epoch from bucket) * 1000;
  v_from := greatest(kanthorq_schema._kanthorq_as_milliseconds(since), 0) / v_step * v_step;
  v_buckets := (v_now - v_from) / v_step + 1;
  if v_buckets > 10000 then
    raise exception 'since % in buckets of % makes % buckets', since, bucket, v_buckets using errcode = 'KQ003', hint = 'Pass a longer bucket, or a later time: 10000 are shown.';
  end if;
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_rates.consumer) c loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      with happened as (
        -- 1 is an arrival, 2 an end, 3 a failed attempt. What was before the first bucket is in bucket -1.
        select case when h.at < $2 then -1 else (h.at - $2) / $3 end as n, h.what, h.state, count(*) as tasks
        from (
          select 1 as what, null::smallint as state, t.created_at as at from %1$s t
          union all
          select 2, t.state, t.finalized_at from %1$s t where t.finalized_at > 0
          union all
          select 3, null,
            case when jsonb_typeof(e.failure -> 'at') = 'number' and (e.failure ->> 'at')::numeric between $2 and $4
              then (e.failure ->> 'at')::numeric::bigint end
          from %1$s t
          cross join lateral unnest(t.attempted_error) e (failure)
          where t.attempted_error <> '{}'
        ) h
        where h.at <= $4
        group by 1, 2, 3
      ),
      tally as (
        select h.n,
          sum(h.tasks) filter (where h.what = 1) as arrived,
          sum(h.tasks) filter (where h.state = kanthorq_schema._kanthorq_task_state('completed')) as completed,
          sum(h.tasks) filter (where h.what = 3) as failed,
          sum(h.tasks) filter (where h.state = kanthorq_schema._kanthorq_task_state('discarded')) as discarded,
          sum(h.tasks) filter (where h.state = kanthorq_schema._kanthorq_task_state('cancelled')) as cancelled,
          sum(case h.what when 1 then h.tasks when 2 then -h.tasks else 0 end) as more
        from happened h
        group by h.n
      )
      select $1, kanthorq_schema._kanthorq_as_time($2 + b.n * $3), b.arrived, b.completed, b.failed, b.discarded, b.cancelled, b.waiting
      from (
        select n, coalesce(y.arrived, 0)::bigint as arrived, coalesce(y.completed, 0)::bigint as completed,
          coalesce(y.failed, 0)::bigint as failed, coalesce(y.discarded, 0)::bigint as discarded,
          coalesce(y.cancelled, 0)::bigint as cancelled, sum(coalesce(y.more, 0)) over (order by n)::bigint as waiting
        from generate_series(-1, $5 - 1) n
        left join tally y using (n)
      ) b
      where b.n >= 0
      order by b.n
      $q$,
      v_consumer.tasks
    )
    using v_name, v_from, v_step, v_now, v_buckets;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_rates is 'How the tasks of one consumer or, with null, of all have evolved, in buckets of time. Reads every task.

consumer       name of a consumer, or null for all
since          from when on; the first bucket is the one that it falls into
bucket         how long a bucket is, a second at least; 10000 buckets at most

Returns a row for each consumer and bucket, oldest first:
consumer_name  whose tasks they are
at             when the bucket begins; the last one is not over yet
arrived        how many tasks were made
completed      how many were completed
failed         how many attempts failed
discarded      how many tasks were discarded
cancelled      how many were cancelled
waiting        how many were not finished at its end, or are not finished now

A task counts as it is now: one that was resumed is not finished any more, and one that was purged is missing. With null, a consumer whose
table is gone or has a fault is left out with a warning. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a
bad argument.';
