-- The condition under which an action takes a task t, as SQL: the one condition behind the transitions, the bulk calls, explain,
-- preview, stats and the doctor.
--
-- $1 is now in epoch milliseconds, $2 the consumer's attempt_max; state is SQL for the state.
--
-- - cancel leaves running tasks alone: a worker may hold them.
-- - discard takes the stuck ones: running, overdue, and with more attempts behind them than KanthorQ's pullers accept
--   (attempt_count <= attempt_max).
create or replace function kanthorq_schema._kanthorq_task_takes_sql(action text, state text)
returns text
language plpgsql
immutable
as $function$
begin
  return case action
    when 'cancel' then format(
      '%s in (%s, %s, %s)', state,
      kanthorq_schema._kanthorq_task_state('pending'),
      kanthorq_schema._kanthorq_task_state('available'),
      kanthorq_schema._kanthorq_task_state('retryable')
    )
    when 'resume' then format(
      '%s in (%s, %s)', state,
      kanthorq_schema._kanthorq_task_state('discarded'),
      kanthorq_schema._kanthorq_task_state('cancelled')
    )
    when 'discard' then format(
      '%s = %s and t.schedule_at < $1 and t.attempt_count > $2', state,
      kanthorq_schema._kanthorq_task_state('running')
    )
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_takes_sql is 'Internal. The condition under which cancel, resume or discard takes a task, as SQL.';
