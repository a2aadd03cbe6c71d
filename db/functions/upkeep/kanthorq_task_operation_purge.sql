-- level: owner
-- Deletes the part of the log that is older than a point in time. What is deleted can't be undone any more.
--
-- A bulk goes as a whole, when its last batch is old enough. Of the purges of a consumer the one that went furthest stays: up to there
-- an event without a task has not been missed. The rows are locked in the order of their ids, so that two concurrent
-- purges never deadlock.
create or replace function
kanthorq_schema.kanthorq_task_operation_purge(
  before timestamp with time zone
)
returns bigint
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_count bigint;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if before is null then
    raise exception 'before is null'
      using errcode = 'KQ003', hint = 'Pass the time up to which the log may go: now() - interval ''90 days''';
  end if;
  with old as materialized (
    select o.id
    from kanthorq_schema.kanthorq_task_operation o
    where o.at < before
      and not exists (
        select
        from kanthorq_schema.kanthorq_task_operation b
        where (b.id = coalesce(o.bulk_id, o.id) or b.bulk_id = coalesce(o.bulk_id, o.id)) and b.at >= before
      )
      and (
        o.action <> 'purge' or exists (
          select
          from kanthorq_schema.kanthorq_task_operation f
          where f.consumer = o.consumer and f.action = 'purge' and (f.last_event_id, f.id) > (o.last_event_id, o.id)
        )
      )
    order by o.id
    for update
  )
  delete from kanthorq_schema.kanthorq_task_operation o using old where o.id = old.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operation_purge is 'Deletes all operations from the log that are older than a point in time, and returns how many they were.

before  the time up to which the log may go: now() - interval ''90 days''

What is deleted can''t be undone any more. Raises KQ003 for null.';
