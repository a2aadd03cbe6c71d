-- level: worker
-- Fails running tasks. Writes what KanthorQ's worker writes: the error, and retryable or, when the attempts are spent, discarded. The next
-- attempt is due when the pull said, unless the call says otherwise.
create or replace function
kanthorq_schema.kanthorq_task_fail(
  consumer text,
  event_ids text[],
  errors text[],
  attempts int[] default null,
  retry_at timestamp with time zone default null,
  stacks text[] default null,
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
  from kanthorq_schema._kanthorq_task_report(
    'fail', consumer, event_ids, attempts, errors, stacks, kanthorq_schema._kanthorq_due('retry_at', retry_at), null::interval
  ) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_fail is 'Fails running tasks: each is tried again, or discarded when its attempts are spent.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
errors          why each failed; as many as event_ids
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running
retry_at        when all of them are due again; null leaves the time that the pull chose
stacks          where each failed; null repeats the error, because KanthorQ wants some text

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that are retryable or discarded now
noop            ids of tasks that are not running, are in another attempt or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';
