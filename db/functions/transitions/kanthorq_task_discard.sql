-- level: operator
-- Discards tasks that are stuck: running, overdue, and with their attempts spent.
--
-- KanthorQ never takes such a task up again, and its own calls can neither cancel nor resume it. Discarded, it can be resumed.
create or replace function
kanthorq_schema.kanthorq_task_discard(
  consumer text,
  event_ids text[],
  reason text default null,
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
    'discard', consumer, event_ids, reason, false, null::bigint, false, 0::double precision, 0::bigint, null::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_discard is 'Discards tasks that are stuck: running, overdue, and with more attempts behind them than attempt_max allows, so that no worker
takes them again. A handler that outlives its visibility timeout may still be at work on such a task; its acknowledgement then does
nothing.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that this call discarded; they can be resumed
noop            ids of tasks that are not stuck or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
