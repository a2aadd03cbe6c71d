-- level: operator
-- Takes a whole bulk back, the newest batch first, in committed batches.
--
-- Runs as its caller, like every procedure that commits: everything in it is qualified.
create or replace procedure
kanthorq_schema.kanthorq_task_undo_all(
  bulk_id bigint,
  reason text default null,
  pause interval default null,
  inout updated bigint default null,
  inout skipped bigint default null,
  inout undo_bulk_id bigint default null
)
language plpgsql
as $procedure$
declare
  v_progress kanthorq_schema.kanthorq_task_progress;
  v_batch pg_catalog.record;
  v_start pg_catalog.timestamptz;
begin
  call kanthorq_schema._kanthorq_check_can_commit('kanthorq_task_undo_all', pause);
  loop
    v_start := pg_catalog.clock_timestamp();
    select b.* into v_batch from kanthorq_schema.kanthorq_task_undo_batch(bulk_id, reason, v_progress) b;
    commit;
    v_progress := v_batch.progress;
    updated := v_batch.total;
    skipped := v_batch.skipped;
    undo_bulk_id := v_batch.undo_bulk_id;
    raise notice 'undo of bulk %: % tasks so far', bulk_id, updated;
    exit when v_progress is null;
    perform pg_catalog.pg_sleep_for(coalesce(
      pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_start) operator(pg_catalog.*) 2::pg_catalog.float8
    ));
  end loop;
  if skipped operator(pg_catalog.>) 0 then
    raise notice 'undo of bulk %: % tasks left alone, because something has touched them since', bulk_id, skipped;
  end if;
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_undo_all is 'Takes a whole bulk back: puts its tasks to what they were before it, where nothing has touched them since, the newest batch first.

bulk_id       a bulk_id, or the id of a single call, of kanthorq_task_operations; the _all calls return it too
reason        why, for the log
pause         the time between two batches; null is twice as long as the batch took, so that workers keep most of the server

Returns one row:
updated       how many tasks are now as they were before the bulk
skipped       how many it left alone, because something has touched them since
undo_bulk_id  the bulk that this undo is in the log, to undo the undo; null if nothing was put back

It commits, so it can''t be called in a transaction. Raises KQ003 for a bad pause, KQ004 if there is no such bulk, KQ001 or KQ002 if
its consumer is gone; batches that were committed before an error stay.';
