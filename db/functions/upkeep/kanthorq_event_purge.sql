-- level: owner
-- Deletes events that no consumer can need again, batch by batch. Commits each. See kanthorq_event_purge_batch.
create or replace procedure
kanthorq_schema.kanthorq_event_purge(
  stream text,
  before timestamp with time zone,
  with_missed boolean default false,
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_events bigint default null,
  pause interval default null,
  reason text default null,
  inout purged bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null,
  inout kept jsonb default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_purge_all(
    'events', stream, before, null::pg_catalog.text[], with_missed, archive, preview, batch_size, max_events, pause, reason, purged, skipped,
    bulk_id, kept
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_event_purge is 'Deletes the events of a stream that were made before a point in time and that no consumer can need again, batch by batch: each has read the
event, has no task of it but a completed one, and has not missed it. What is deleted can''t be undone.

stream       name of the stream
before       only events that were made before this time
with_missed  true also takes events that a consumer wants, has read and has no task of
archive      a table that gets the rows in the same statement, in this schema or as schema.table; null keeps none. To make one:
             create table my_archive (like kanthorq_stream_...)
preview      true counts the events that it would delete, and deletes nothing
batch_size   how many events one batch looks at
max_events   how many events at most; null is no limit
pause        the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason       why, for the log

Returns one row:
purged       how many events it deleted, or would delete
skipped      how many it left alone because another session held them
bulk_id      the purge in kanthorq_task_operations; null if nothing was deleted
kept         of a preview, how many events of that age have to stay, by consumer and reason

Cancelled and discarded tasks keep their event, because they may be resumed: purge them first. It commits, so it can''t be called in a
transaction. Raises KQ001 if there is no such stream, KQ002 if its table, or that of one of its consumers, is gone, KQ003 for a bad argument
and for a stream without consumers. Batches that were committed before an error stay; the error''s detail says how many events they deleted.';
