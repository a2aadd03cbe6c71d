-- Writes one row of the log, in the caller's transaction: rolled back with it, never there without it.
--
-- entry says what happened; who did it and in which transaction is filled in here. session_user is the role that logged
-- in, not the definer of this function.
create or replace function
kanthorq_schema._kanthorq_task_log(
  entry kanthorq_schema.kanthorq_task_operation
)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  insert into kanthorq_schema.kanthorq_task_operation (
    at, transaction_id, action, consumer, reason, actor, application_name, client_addr, undoes,
    event_ids, from_state, from_updated_at, from_schedule_at, from_finalized_at, from_attempt_count,
    to_state, to_updated_at, to_finalized_at, to_attempt_count
  )
  values (
    entry.at, pg_current_xact_id(), entry.action, entry.consumer, entry.reason,
    session_user, nullif(current_setting('application_name'), ''), inet_client_addr(), entry.undoes,
    entry.event_ids, entry.from_state, entry.from_updated_at, entry.from_schedule_at, entry.from_finalized_at, entry.from_attempt_count,
    entry.to_state, entry.to_updated_at, entry.to_finalized_at, entry.to_attempt_count
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_task_log is 'Internal. Writes an entry into the log, with who did it.';

revoke all on function kanthorq_schema._kanthorq_task_log from public;
