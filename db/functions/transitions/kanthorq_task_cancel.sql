-- level: operator
-- Cancels tasks: pending, available and retryable ones are not worked any more. See _kanthorq_task_transition.
--
-- A running task is cancelled only when asked for. Its handler is not stopped by that: a worker of ours learns it by kanthorq_task_extend,
-- the Go program when its acknowledgement does nothing.
create or replace function
kanthorq_schema.kanthorq_task_cancel(
  consumer text,
  event_ids text[],
  reason text default null,
  running boolean default false,
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
    'cancel', consumer, event_ids, reason, running, null::bigint, false, 0::double precision, 0::bigint, null::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_cancel is 'Cancels tasks that are pending, available or retryable; running ones too if asked for.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
running         true cancels running tasks too. A handler may be working on one: what it reports then does nothing

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that this call cancelled
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
