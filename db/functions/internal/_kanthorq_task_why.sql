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
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_due text := date_trunc('second', schedule_at)::text;
  v_done text := coalesce(' at ' || date_trunc('second', finalized_at), '');
  v_spent boolean := attempt_count > attempt_max;
  v_overdue boolean := schedule_at < now;
  v_attempts text := format('attempts spent (%s of %s)', attempt_count, attempt_max);
begin
  return case
    when state is null then 'not found: the consumer has no task of this event'
    when state ~ '[0-9]' then format('in state %s, which is none of KanthorQ''s: nothing here does anything with it', state)
    when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
    when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
    when state = 'completed' then format('completed%s: there is nothing left to do', v_done)
    when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', v_done)
    when state = 'discarded' then format(
      'discarded%s after %s attempts%s; resume it to have it worked again', v_done, attempt_count, coalesce(': ' || last_error, '')
    )
    when state = 'retryable' and v_spent then format('retryable, %s: no worker will take it; cancel it, then resume it', v_attempts)
    when state = 'retryable' and v_overdue then 'retryable and due: the next free worker takes it'
    when state = 'retryable' then format('retryable, due at %s', v_due)
    when v_overdue and v_spent then format('running, overdue, %s: no worker will take it; discard it', v_attempts)
    when v_overdue then 'running and overdue: the next free worker picks it up again'
    when v_spent then format('running until %s, %s: no worker will take it after that; then discard it', v_due, v_attempts)
    else format('running until %s, then picked up again', v_due)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_why is 'Internal. Where a task stands, as a sentence.';

revoke all on function kanthorq_schema._kanthorq_task_why from public;
