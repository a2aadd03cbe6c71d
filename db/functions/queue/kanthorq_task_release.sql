-- level: worker
-- Gives running tasks back to be pulled at once, with the attempt that the pull took: what a worker does with tasks that it pulled and did
-- not begin. A task in its first attempt has none to give back.
create or replace function
kanthorq_schema.kanthorq_task_release(
  consumer text,
  event_ids text[],
  attempts int[] default null,
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
  from kanthorq_schema._kanthorq_task_report('release', consumer, event_ids, attempts, null::text[], null::text[], null::bigint, null::interval) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_release is 'Gives running tasks back, so that another worker takes them at once: what a worker that stops does with tasks it has not handled.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that are due now
noop            ids of tasks that are not running, are in another attempt or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
