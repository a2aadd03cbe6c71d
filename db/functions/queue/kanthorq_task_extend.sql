-- level: worker
-- Extends the leases of running tasks, so that no other worker takes them: the heartbeat. A lease never becomes shorter.
create or replace function
kanthorq_schema.kanthorq_task_extend(
  consumer text,
  event_ids text[],
  attempts int[] default null,
  extend_by interval default null,
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
  select r.updated, r.noop into updated, noop
  from kanthorq_schema._kanthorq_task_report('extend', consumer, event_ids, attempts, null::text[], null::text[], null::bigint, extend_by) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_extend is 'Extends the leases of running tasks: the heartbeat of a worker.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running
extend_by       how long the leases are from now on, at least; null is the consumer''s visibility timeout

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that the worker still holds
noop            ids of tasks that it has lost: cancelled, discarded, completed, pulled by another worker, or gone

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
