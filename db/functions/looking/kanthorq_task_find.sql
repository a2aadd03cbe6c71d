-- level: viewer
-- Finds the tasks of a consumer that a filter matches, a page at a time.
--
-- Pages follow each other by event id, which is the order in which the events were made. A page costs as many rows as have to be
-- looked at to fill it: PostgreSQL goes through the table's key, or through an index on the state where it expects that to be less.
create or replace function
kanthorq_schema.kanthorq_task_find(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  after text default null,
  max_tasks int default 100,
  oldest_first boolean default false
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks a page may have, at least 1.';
  end if;
  return query execute format($q$
    select %1$s
    from %2$s t
    where kanthorq_schema._kanthorq_task_matches(
      $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
    )
      and ($4 is null or t.event_id %3$s $4)
    order by t.event_id %4$s
    limit $5
    $q$,
    kanthorq_schema._kanthorq_task_columns_sql(),
    v_consumer.tasks,
    case when oldest_first then '>' else '<' end,
    case when oldest_first then 'asc' else 'desc' end
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max,
    kanthorq_schema._kanthorq_check_filter(
      states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
    ), after, max_tasks;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_find is 'Finds the tasks of a consumer, newest event first, a page at a time.

consumer          name of the consumer
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
after             the last event_id of the page before; null is the first page
max_tasks         how many at most
oldest_first      true turns the order round

Returns rows of type kanthorq_task. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';
