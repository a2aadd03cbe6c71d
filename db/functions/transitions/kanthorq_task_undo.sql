-- level: operator
-- Puts the tasks of one operation back to what they were before it, where nothing has moved them since. See _kanthorq_task_undo.
--
-- Every column goes back, updated_at too, so that the operation before can be undone next. An undo is an operation itself.
create or replace function
kanthorq_schema.kanthorq_task_undo(
  operation_id bigint,
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
declare
  v_batches bigint;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  -- It may be the first batch of a bulk that goes on: that ends here, see _kanthorq_bulk.
  update kanthorq_schema.kanthorq_task_operation o set undone = true where o.id = operation_id and o.bulk_id is null and not o.undone;
  select count(*) into v_batches from kanthorq_schema.kanthorq_task_operation o where o.bulk_id = operation_id;
  if v_batches > 0 then
    raise exception 'operation % is a bulk of % batches', operation_id, v_batches + 1
      using errcode = 'KQ004', hint = format('call kanthorq_task_undo_all(%s) takes all of it back.', operation_id);
  end if;
  select u.updated, u.noop into updated, noop from kanthorq_schema._kanthorq_task_undo(operation_id, reason, null::bigint) u;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo is 'Undoes an operation of the log: puts its tasks back to what they were before it, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations: of a single call, or of a batch of a bulk but the first, whose id is that of the bulk
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation or if it is a bulk, which
kanthorq_task_undo_all takes back; KQ001 or KQ002 if its consumer is gone.';
