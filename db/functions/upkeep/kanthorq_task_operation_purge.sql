-- Deletes the part of the log that is older than a point in time. What is deleted can't be undone any more.
--
-- Of two purges at once the second may wait for the first, but never each for the other: a scan of a large table would begin
-- where another one is, and so meet the rows in another order, if synchronize_seqscans were on.
create or replace function
kanthorq_schema.kanthorq_task_operation_purge(
  before timestamp with time zone
)
returns bigint
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set synchronize_seqscans = off
as $function$
declare
  v_count bigint;
begin
  if before is null then
    raise exception 'before is null'
      using errcode = 'KQ003', hint = 'Pass the time up to which the log may go: now() - interval ''90 days''';
  end if;
  delete from kanthorq_schema.kanthorq_task_operation o where o.at < before;
  get diagnostics v_count = row_count;
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operation_purge is 'Deletes all operations from the log that are older than a point in time, and returns how many they were.

before  the time up to which the log may go: now() - interval ''90 days''

What is deleted can''t be undone any more. Raises KQ003 for null.';

revoke all on function kanthorq_schema.kanthorq_task_operation_purge from public;
