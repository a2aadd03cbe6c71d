-- Resumes tasks: discarded and cancelled ones will be worked again.
--
-- They become running, because that is the state from which KanthorQ's pullers take a task; see _kanthorq_task_action.
-- schedule_at is now, not where back-off had put it hours ahead, and at least one attempt is left. attempted_error and
-- metadata stay. Logged in the caller's transaction.
create or replace function
kanthorq_schema.kanthorq_task_resume(
  consumer text,
  event_ids text[],
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if not isfinite(schedule_at) then
    raise exception 'schedule_at is %', schedule_at
      using errcode = 'KQ003', hint = 'Pass a point in time, or null for now.';
  end if;
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    'resume', consumer, event_ids, reason, schedule_at, reset_attempts, 0::float8, 0::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_resume is 'Resumes tasks that are discarded or cancelled, so that they are worked again. They become running, due at once or at schedule_at.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true gives them all their attempts back; otherwise at least one is left

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         the tasks that are now resumed by this call
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_resume from public;
