-- level: owner
-- Deletes finished tasks that are old enough, batch by batch. Commits each. See kanthorq_task_purge_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_purge(
  consumer text,
  finished_before timestamp with time zone,
  states text[] default '{completed}',
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
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
    'tasks', consumer, finished_before, states, false, archive, preview, batch_size, max_tasks, pause, reason, purged, skipped, bulk_id, kept
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_purge is 'Deletes the tasks of a consumer that were finished before a point in time, batch by batch. Never a task that has work before it, nor one
that KanthorQ would make again. What is deleted can''t be undone.

consumer         name of the consumer
finished_before  only tasks that were completed, cancelled or discarded before this time
states           only tasks in one of these states: completed, cancelled, discarded; by default completed ones only, because the others
                 may still be resumed
archive          a table that gets the rows in the same statement, in this schema or as schema.table; null keeps none. To make one:
                 create table my_archive (like kanthorq_consumer_...)
preview          true counts the tasks that it would delete, and deletes nothing
batch_size       how many tasks one batch takes
max_tasks        how many tasks at most; null is no limit
pause            the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason           why, for the log

Returns one row:
purged           how many tasks it deleted, or would delete
skipped          how many it left alone because another session held or moved them meanwhile
bulk_id          the purge in kanthorq_task_operations; null if nothing was deleted
kept             how many finished tasks of that age have to stay, by the reason: the consumer has not read their event yet, so that
                 KanthorQ would make the task again

It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a
bad argument. Batches that were committed before an error stay; the error''s detail says how many tasks they deleted.';
