-- level: worker
-- Completes running tasks: their work is done. Writes what KanthorQ's worker writes.
create or replace function
kanthorq_schema.kanthorq_task_complete(
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
  from kanthorq_schema._kanthorq_task_report('complete', consumer, event_ids, attempts, null::text[], null::text[], null::bigint, null::interval) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_complete is 'Completes running tasks.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that are completed now
noop            ids of tasks that are not running, are in another attempt or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
