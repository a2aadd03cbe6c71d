-- level: viewer
-- How many tasks a consumer has in each state. Looks at all of its tasks, or for an estimate at a bounded number of them.
--
-- Without a name, all consumers of the registry; one whose table is gone or has a fault is left out with a warning.
create or replace function
kanthorq_schema.kanthorq_task_stats(
  consumer text default null,
  estimate boolean default false
)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint,
  held text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
begin
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_stats.consumer) c loop
    if estimate then
      return query
      select v_name, e.state, e.tasks, null::timestamptz, null::timestamptz, e.stuck, kanthorq_schema._kanthorq_held(v_name, false)
      from kanthorq_schema._kanthorq_task_estimate(v_name) e;
      continue;
    end if;
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      select $3, kanthorq_schema._kanthorq_task_state_name(c.state), c.tasks,
        kanthorq_schema._kanthorq_as_time(c.oldest), kanthorq_schema._kanthorq_as_time(c.due), c.stuck, $4
      from (
        select t.state, count(*) as tasks, min(t.created_at) as oldest,
          min(t.schedule_at) filter (
            where t.attempt_count <= $2 and t.state in (
              kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
            )
          ) as due,
          count(*) filter (where %s) as stuck
        from %s t
        group by t.state
      ) c
      order by c.state
      $q$,
      kanthorq_schema._kanthorq_task_takes_sql('discard', false, false),
      v_consumer.tasks
    )
    using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, v_name,
      kanthorq_schema._kanthorq_held(v_name, false);
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

consumer  name of a consumer, or null for all
estimate  true estimates tasks and stuck and leaves oldest and next_due null, so that a table of any size is quick

Returns a row for each consumer and state that has tasks:
consumer_name  whose tasks they are
state          the state that they are in; a number if KanthorQ has no such state
tasks          how many there are
oldest         when the oldest of them was made
next_due       when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck          how many are running, overdue and with their attempts spent: kanthorq_task_discard takes them
held           since when the consumer is held, by whom and why; null if it is not

An estimate reads the table if it has at most 1000 pages (8 MB), and otherwise 1000 of its pages. With an index on (state, schedule_at), states of
less than 10000 tasks are counted; without one, a state that few tasks have may be missing.

With null, a consumer whose table is gone or has a fault is left out with a warning. Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';
