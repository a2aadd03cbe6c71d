-- The condition under which an action takes a task t, as SQL: the one condition behind the transitions, the bulk calls, explain,
-- preview, stats and the doctor.
--
-- $1 is now in epoch milliseconds, $2 the consumer's attempt_max. by_id hides the columns from indexes, for tasks that are named by
-- their ids: an index on the state or the schedule could lead through millions of tasks to a few.
--
-- - cancel leaves running tasks alone, because a worker may hold them, unless it is told to take them too.
-- - discard takes the stuck ones: running, overdue, and with more attempts behind them than KanthorQ's pullers accept
--   (attempt_count <= attempt_max).
create or replace function
kanthorq_schema._kanthorq_task_takes_sql(
  action text,
  by_id boolean,
  running boolean
)
returns text
language plpgsql
immutable
as $function$
declare
  v_hidden text := case when by_id then ' + 0' else '' end;
begin
  return case action
    when 'cancel' then format(
      't.state%s in (%s, %s, %s%s)', v_hidden,
      kanthorq_schema._kanthorq_task_state('pending'),
      kanthorq_schema._kanthorq_task_state('available'),
      kanthorq_schema._kanthorq_task_state('retryable'),
      case when running then ', ' || kanthorq_schema._kanthorq_task_state('running') else '' end
    )
    when 'resume' then format(
      't.state%s in (%s, %s)', v_hidden,
      kanthorq_schema._kanthorq_task_state('discarded'),
      kanthorq_schema._kanthorq_task_state('cancelled')
    )
    when 'discard' then format(
      't.state%1$s = %2$s and t.schedule_at%1$s < $1 and t.attempt_count%1$s > $2', v_hidden,
      kanthorq_schema._kanthorq_task_state('running')
    )
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_takes_sql is 'Internal. The condition under which cancel, resume or discard takes a task, as SQL.';
