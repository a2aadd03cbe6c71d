-- level: operator
-- Resumes tasks: discarded and cancelled ones are worked again. See _kanthorq_task_transition.
--
-- schedule_at is now, not where back-off put it hours ahead. attempted_error and metadata stay.
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
set enable_partition_pruning = off
as $function$
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    'resume', consumer, event_ids, reason, false, kanthorq_schema._kanthorq_due('schedule_at', schedule_at), reset_attempts,
    0::double precision, 0::bigint, null::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_resume is 'Resumes tasks that are discarded or cancelled, so that they are worked again. They become running, due at once or at schedule_at.
KanthorQ''s worker can''t acknowledge them without a change in the handler: kanthorq_doctor() reports that.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true sets attempt_count to 0, so that a failing handler runs attempt_max times; otherwise attempt_count comes down
                to attempt_max - 1 where it is above, and one more failure discards the task again

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that this call resumed
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
