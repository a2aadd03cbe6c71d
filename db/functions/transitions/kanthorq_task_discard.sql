-- Discards tasks that are stuck: running, overdue, and with all attempts spent.
--
-- KanthorQ never takes such a task up again, and its own calls can neither cancel nor resume it. Discarded, it can be
-- resumed. A running task that a worker may still hold, or will be given, is left alone. Logged in the caller's
-- transaction.
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
as $function$
begin
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition('discard', consumer, event_ids, reason, null::timestamptz, false, 0::float8, 0::bigint) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_discard is 'Discards tasks that are stuck: running, overdue, and with more attempts behind them than attempt_max allows, so that no worker will ever take them.

consumer   name of the consumer
event_ids  ids of the tasks'' events; any number, duplicates count once
reason     why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated    the tasks that are now discarded by this call, and can be resumed
noop       ids of tasks that are not stuck or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_discard from public;
