-- level: operator
-- Does one batch of kanthorq_task_undo_all in the caller's transaction: undoes one operation of a bulk, the newest first. For
-- programs that make the loop themselves.
create or replace function
kanthorq_schema.kanthorq_task_undo_batch(
  bulk_id bigint,
  reason text default null,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out updated bigint,
  out skipped bigint,
  out total bigint,
  out undo_bulk_id bigint
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
#variable_conflict use_variable
declare
  v_bulk record;
  v_operation_id bigint;
  v_undone record;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  -- Ends the bulk, see _kanthorq_bulk; before its batches are looked up.
  update kanthorq_schema.kanthorq_task_operation o set undone = true where o.id = bulk_id and o.bulk_id is null and not o.undone;
  select o.id, o.bulk_id as first_batch, o.consumer into v_bulk from kanthorq_schema.kanthorq_task_operation o where o.id = bulk_id;
  if v_bulk.id is null then
    raise exception 'there is no bulk %', coalesce(bulk_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  elsif v_bulk.first_batch is not null then
    raise exception 'operation % is a batch of bulk %', bulk_id, v_bulk.first_batch
      using errcode = 'KQ004',
        hint = format('kanthorq_task_undo_all(%s) takes the whole bulk back, kanthorq_task_undo(%s) this batch.', v_bulk.first_batch, bulk_id);
  end if;
  if progress is null then
    progress := row(null, null, null, kanthorq_schema._kanthorq_now(), 0, 0, 0);
  end if;
  perform kanthorq_schema._kanthorq_check_progress(progress, true);

  select max(o.id) into v_operation_id
  from kanthorq_schema.kanthorq_task_operation o
  where (o.id = bulk_id or o.bulk_id = bulk_id)
    and (progress.position is null or o.id < progress.position::bigint);

  updated := 0;
  skipped := progress.skipped;
  undo_bulk_id := kanthorq_schema._kanthorq_bulk(progress.bulk_id, v_bulk.consumer, 'undo'::text);
  if v_operation_id is not null then
    v_undone := kanthorq_schema._kanthorq_task_undo(v_operation_id, reason, undo_bulk_id);
    updated := cardinality(v_undone.updated);
    skipped := skipped + cardinality(v_undone.noop);
    undo_bulk_id := coalesce(undo_bulk_id, v_undone.undo_id);
  end if;
  total := progress.moved + updated;
  progress := case
    when v_operation_id > bulk_id then row(
      undo_bulk_id, v_operation_id::text, null, progress.started, total, skipped, 0
    )::kanthorq_schema.kanthorq_task_progress
  end;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo_batch is 'Does one batch of kanthorq_task_undo_all: undoes one operation of a bulk, the newest first. For programs that make the loop themselves.

bulk_id       a bulk_id, or the id of a single call, of kanthorq_task_operations
reason        why, for the log
progress      null to begin; then what the batch before returned, until that is null

Returns one row:
progress      where the next batch goes on; null when all of the bulk is done
updated       how many tasks this batch put back
skipped       how many tasks all batches so far left alone, because something has touched them since
total         how many tasks all batches so far put back
undo_bulk_id  the bulk that this undo is in the log: kanthorq_task_undo_all takes it to undo the undo

Raises KQ003 for a bad progress, KQ004 if there is no such bulk, KQ001 or KQ002 if its consumer is gone.';
