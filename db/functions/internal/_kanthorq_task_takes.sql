-- Whether an action takes a task: the one condition behind the transitions, the bulk calls, explain, preview, stats and the doctor.
--
-- - cancel leaves running tasks alone: a worker may hold them.
-- - discard takes the stuck ones: running, overdue, and with more attempts behind them than KanthorQ's pullers accept
--   (attempt_count <= attempt_max). now is in epoch milliseconds.
create or replace function
kanthorq_schema._kanthorq_task_takes(
  action text,
  state smallint,
  schedule_at bigint,
  attempt_count smallint,
  attempt_max smallint,
  now bigint
)
returns boolean
language sql
immutable return case action
  when 'cancel'
  then state
  in (
    kanthorq_schema._kanthorq_task_state('pending'),
    kanthorq_schema._kanthorq_task_state('available'),
    kanthorq_schema._kanthorq_task_state('retryable')
  )
  when 'resume'
  then state
  in (
    kanthorq_schema._kanthorq_task_state('discarded'),
    kanthorq_schema._kanthorq_task_state('cancelled')
  )
  when 'discard'
  then state =
  kanthorq_schema._kanthorq_task_state('running') and
  schedule_at < now and
  attempt_count > attempt_max
end;;

comment on function kanthorq_schema._kanthorq_task_takes is 'Internal. Whether cancel, resume or discard takes a task.';
