-- level: operator
-- Cancels all pending, available and retryable tasks that a filter matches, and running ones if asked for, batch by batch.
--
-- Commits each batch and tells how many tasks there were so far. Whatever stops it, whole batches are done and logged, and another
-- call goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_cancel_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  running boolean default false,
  inout updated bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_task_all(
    'cancel', consumer, states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after,
    finalized_before, everything, batch_size, max_tasks, pause, reason, null::pg_catalog.timestamptz, false,
    null::pg_catalog.interval, running, null::pg_catalog.int8, updated, skipped, bulk_id
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_cancel_all is 'Cancels all tasks that a filter matches and that are pending, available or retryable, or running if asked for, batch by batch.

consumer          name of the consumer
states            only tasks in one of these states
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
everything        has to be true if there is no filter
batch_size        how many tasks one batch looks at
max_tasks         how many tasks at most; null is no limit
pause             the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason            why, for the log
running           true cancels running tasks too. A handler may be working on one: what it reports then does nothing

Returns one row:
updated           how many tasks it moved
skipped           how many it left alone because another session held or moved them meanwhile: at least as many as matched when it
                  began and were not moved, if max_tasks allows them
bulk_id           what kanthorq_task_undo_all takes; null if nothing was moved

It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for
a bad argument or no filter, KQ004 if the bulk is undone meanwhile. Batches that were committed before an error stay; the error''s
detail says how many.';
