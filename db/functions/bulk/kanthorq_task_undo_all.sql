-- level: operator
-- Takes a whole bulk back, the newest batch first, in committed batches. A bulk that is still at work ends. See _kanthorq_task_all.
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
begin
  call kanthorq_schema._kanthorq_task_all(
    'undo', null::pg_catalog.text, null::pg_catalog.text[], null::pg_catalog.text, null::pg_catalog.jsonb, null::pg_catalog.text,
    null::pg_catalog.text, null::pg_catalog.timestamptz, null::pg_catalog.timestamptz, null::pg_catalog.timestamptz,
    null::pg_catalog.timestamptz, null::pg_catalog.bool, null::pg_catalog.int4, null::pg_catalog.int8, pause, reason,
    null::pg_catalog.timestamptz, null::pg_catalog.bool, null::pg_catalog.interval, false, bulk_id, updated, skipped, undo_bulk_id
  );
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

A bulk that is still at work ends: its next batch raises KQ004.

It commits, so it can''t be called in a transaction. Raises KQ003 for a bad pause, KQ004 if there is no such bulk, KQ001 or KQ002 if
its consumer is gone. Batches that were committed before an error stay; the error''s detail says how many.';
