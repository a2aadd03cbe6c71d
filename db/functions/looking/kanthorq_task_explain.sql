-- Says of each task what cancel, resume and discard would do to it, why, and when it will next run.
--
-- Whether an action takes a task is decided by the very condition that the action uses.
create or replace function kanthorq_schema.kanthorq_task_explain(consumer text, event_ids text[])
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
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel', false);
  v_resume record := kanthorq_schema._kanthorq_task_action('resume', false);
  v_discard record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, coalesce(s.name, t.state::text),'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(coalesce(s.name, t.state::text), %5$s, %6$s, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', %7$s),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then %8$s end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition,
    kanthorq_schema._kanthorq_as_time('t.schedule_at'),
    kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
    kanthorq_schema._kanthorq_as_time('$1'),
    kanthorq_schema._kanthorq_as_time('greatest(t.schedule_at, $1)')
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids,
    v_cancel.from_states, v_resume.from_states, v_discard.from_states;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once

Returns a row for each distinct id, in the order of event_ids:
event_id     the id
state        null if there is no such task; a number if KanthorQ has no such state
can_cancel   whether kanthorq_task_cancel would update it now
can_resume   whether kanthorq_task_resume would
can_discard  whether kanthorq_task_discard would
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_explain from public;
