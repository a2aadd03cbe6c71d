-- level: viewer
-- Says of each task what cancel, resume and discard would do to it, why, and when it will next run.
--
-- Whether an action takes a task is decided by the very condition that the action uses.
create or replace function
kanthorq_schema.kanthorq_task_explain(
  consumer text,
  event_ids text[],
  running boolean default false
)
returns table (
  event_id text,
  state text,
  can_cancel boolean,
  can_resume boolean,
  can_discard boolean,
  why text,
  next_run_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format($q$
    select i.event_id, kanthorq_schema._kanthorq_task_state_name(t.state),
      coalesce(%2$s, false),
      coalesce(%3$s, false),
      coalesce(%4$s, false),
      kanthorq_schema._kanthorq_task_why(
        kanthorq_schema._kanthorq_task_state_name(t.state), kanthorq_schema._kanthorq_as_time(t.schedule_at),
        kanthorq_schema._kanthorq_as_time(nullif(t.finalized_at, 0)), t.attempt_count, $2,
        t.attempted_error[array_upper(t.attempted_error, 1)] ->> 'error', kanthorq_schema._kanthorq_as_time($1)
      ) || case
        when t.event_id is null then coalesce('; the consumer is ' || $4, '')
        when t.attempt_count <= $2 and t.state in (
          kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
        )
        then coalesce('; but no worker takes it while the consumer is ' || $5, '')
        else ''
      end,
      case
        when $5 is null and t.attempt_count <= $2 and t.state in (
          kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
        )
        then kanthorq_schema._kanthorq_as_time(greatest(t.schedule_at, $1))
      end
    from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i
    left join %1$s t on t.event_id = i.event_id
    order by i.n
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_takes_sql('cancel', false, running),
    kanthorq_schema._kanthorq_task_takes_sql('resume', false, false),
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false)
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, event_ids,
    kanthorq_schema._kanthorq_held(consumer, false), kanthorq_schema._kanthorq_held(consumer, true);
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once
running      true says whether cancel with running => true would take a task

Returns a row for each distinct id, in the order of event_ids:
event_id     the id
state        null if there is no such task; a number if KanthorQ has no such state
can_cancel   whether kanthorq_task_cancel would update it now
can_resume   whether kanthorq_task_resume would
can_discard  whether kanthorq_task_discard would
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts, also while the
             consumer is held

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';
