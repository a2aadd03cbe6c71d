-- Where a task stands, as a sentence for kanthorq_task_explain.
--
-- A state that has no name comes as its code. Times are shown in the session's time zone, to the second.
create or replace function
kanthorq_schema._kanthorq_task_why(
  state text,
  schedule_at timestamp with time zone,
  finalized_at timestamp with time zone,
  attempt_count smallint,
  attempt_max smallint,
  last_error text,
  now timestamp with time zone
)
returns text
language sql
stable
return case
  when state is null then 'not found: the consumer has no task of this event'
  when state ~ '[0-9]' then format('in state %s, which KanthorQ does not have: no call takes it', state)
  when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
  when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
  when state = 'completed' then format('completed%s: nothing is left to do', ' at ' || date_trunc('second', finalized_at))
  when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', ' at ' || date_trunc('second', finalized_at))
  when state = 'discarded' then format(
    'discarded%s after %s attempts%s; resume it to have it worked again',
    ' at ' || date_trunc('second', finalized_at), attempt_count, ': ' || last_error
  )
  when state = 'retryable' and attempt_count > attempt_max then format(
    'retryable, attempts spent (%s of %s): no worker takes it; cancel it, then resume it', attempt_count, attempt_max
  )
  when state = 'retryable' and schedule_at < now then 'retryable and due: the next free worker takes it'
  when state = 'retryable' then format('retryable, due at %s', date_trunc('second', schedule_at))
  when attempt_count > attempt_max and schedule_at < now then format(
    'running, overdue, attempts spent (%s of %s): no worker takes it again; discard it', attempt_count, attempt_max
  )
  when schedule_at < now then 'running and overdue: the next free worker picks it up again'
  when attempt_count > attempt_max then format(
    'running until %s, attempts spent (%s of %s): no worker takes it after that; then discard it',
    date_trunc('second', schedule_at), attempt_count, attempt_max
  )
  else format('running until %s, then picked up again', date_trunc('second', schedule_at))
end;

comment on function kanthorq_schema._kanthorq_task_why is 'Internal. Where a task stands, as a sentence.';
