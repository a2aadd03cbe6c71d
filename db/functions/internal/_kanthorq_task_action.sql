-- What cancel, resume and discard are: the one place where a transition is defined.
--
-- from_states and condition say which tasks it takes, to_state and assignments what it writes. The two texts are SQL about
-- the task t; they may use $1, now in epoch milliseconds, and $2, the consumer's attempt_max; assignments also $6, when the
-- task is due in epoch milliseconds. No index is to serve the condition: a task is looked for by
-- its id (_kanthorq_task_transition). attempts is what becomes of attempt_count, null if it and schedule_at are left alone.
--
-- - Cancel writes what KanthorQ's own Cancel writes. A running task is not taken, for a worker may hold it.
-- - Resume makes tasks running, not available: of KanthorQ's pullers one takes running tasks whose schedule_at has passed
--   and one takes retryable tasks; nothing ever takes an available or a pending one. Both want
--   attempt_count <= attempt_max, so attempt_count comes down to attempt_max where it is above: one attempt is left,
--   however often a task is resumed.
-- - Discard takes running tasks that are overdue and have spent their attempts: those that no puller will ever take.
create or replace function
kanthorq_schema._kanthorq_task_action(
  action text,
  reset_attempts boolean,
  out from_states smallint[],
  out condition text,
  out to_state smallint,
  out assignments text,
  out attempts text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  case action
    when 'cancel' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('pending'),
        kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('retryable')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('cancelled');
      assignments := 'finalized_at = $1';
    when 'resume' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('discarded'),
        kanthorq_schema._kanthorq_task_state('cancelled')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('running');
      attempts := case when reset_attempts then '0::smallint' else 'least(t.attempt_count, $2)' end;
      assignments := 'finalized_at = 0, schedule_at = $6, attempt_count = ' || attempts;
    when 'discard' then
      from_states := array[kanthorq_schema._kanthorq_task_state('running')];
      condition := 't.schedule_at + 0 < $1 and t.attempt_count + 0 > $2';
      to_state := kanthorq_schema._kanthorq_task_state('discarded');
      assignments := 'finalized_at = $1';
    else
      raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
        using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end case;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_action is 'Internal. Which tasks cancel, resume or discard takes, and what it writes; KQ003 for another word.';

revoke all on function kanthorq_schema._kanthorq_task_action from public;
