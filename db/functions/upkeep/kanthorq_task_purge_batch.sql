-- level: owner
-- Does one batch of kanthorq_task_purge in the caller's transaction. For programs that make the loop themselves.
--
-- The batches go through the table in the order of event ids, as those of kanthorq_task_batch do. A task of an event that the consumer
-- has not read yet stays: KanthorQ's primary puller would make it again, and the event would be handled twice. A task that another
-- session holds is skipped: a resume that was first keeps it, and one that comes later finds nothing.
create or replace function
kanthorq_schema.kanthorq_task_purge_batch(
  consumer text,
  finished_before timestamp with time zone,
  states text[] default '{completed}',
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out purged bigint,
  out skipped bigint,
  out total bigint,
  out bulk_id bigint,
  out kept jsonb
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_consumer record;
  v_before bigint;
  v_cursor text;
  v_states smallint[];
  v_wrong text;
  v_takes text := 't.state = any ($1) and t.finalized_at > 0 and t.finalized_at < $2 and t.event_id <= $3';
  v_archived text;
  v_limit bigint;
  v_last text;
  v_found bigint;
  v_unread bigint;
  v_batch record;
begin
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_before := kanthorq_schema._kanthorq_check_purge('finished_before', finished_before, batch_size, max_tasks, progress);
  v_states := kanthorq_schema._kanthorq_check_states(coalesce(states, '{}'));
  select s into v_wrong from unnest(states) s where s not in ('completed', 'cancelled', 'discarded') limit 1;
  if found then
    raise exception 'purge does not take tasks in state %', v_wrong
      using errcode = 'KQ003', hint = 'It takes completed, cancelled and discarded tasks: all others have work before them.';
  end if;
  v_archived := kanthorq_schema._kanthorq_archive_sql(archive, kanthorq_schema._kanthorq_find_table(v_consumer.id), 'consumer');
  v_cursor := coalesce(kanthorq_schema._kanthorq_true_cursor(consumer), '');

  if progress is null or preview then
    execute format($q$
      select max(t.event_id), count(*) filter (where %2$s), count(*) filter (where t.event_id > $3)
      from %1$s t
      where t.state = any ($1) and t.finalized_at > 0 and t.finalized_at < $2
      $q$,
      v_consumer.tasks, v_takes
    )
    into v_last, v_found, v_unread
    using v_states, v_before, v_cursor;
    kept := case when v_unread > 0 then jsonb_build_object(consumer || ' has not read the event', v_unread) else '{}' end;
    progress := row(null, null, v_last, kanthorq_schema._kanthorq_now(), 0, 0, v_found);
  end if;
  if preview then
    purged := least(progress.found, max_tasks);
    total := purged;
    skipped := 0;
    progress := null;
    return;
  end if;

  v_limit := greatest(least(batch_size, max_tasks - progress.moved), 0);
  execute format($q$
    with scanned as materialized (
      select t.event_id
      from %1$s t
      where %2$s and ($4 is null or t.event_id > $4) and t.event_id <= $5
      order by t.event_id
      limit $6
    ),
    free as materialized (
      select t.event_id
      from %1$s t
      where t.event_id = any (array(select s.event_id::text from scanned s)) and %2$s
      order by t.event_id
      for update
      skip locked
    ),
    gone as (
      delete from %1$s t
      using free f
      where t.event_id = f.event_id and %2$s
      returning t.*
    )
    %3$s
    select (select count(*) from scanned) as scanned, (select max(s.event_id) from scanned s) as position,
      coalesce(sum(g.tasks), 0)::bigint as purged, min(g.first_id) as first_id, max(g.last_id) as last_id,
      jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(g.state), g.tasks) filter (where g.state is not null) as from_states
    from (
      select g.state, count(*) as tasks, min(g.event_id collate "C") as first_id, max(g.event_id collate "C") as last_id
      from gone g
      group by g.state
    ) g
    $q$,
    v_consumer.tasks, v_takes, v_archived
  )
  into v_batch
  using v_states, v_before, v_cursor, progress.position, progress.last_position, v_limit;

  purged := v_batch.purged;
  bulk_id := kanthorq_schema._kanthorq_purge_log(
    'purge'::text, consumer, reason, progress.bulk_id, purged, v_batch.from_states, v_batch.first_id, v_batch.last_id
  );
  total := progress.moved + purged;
  skipped := progress.skipped + v_batch.scanned - purged;
  if v_batch.scanned < v_limit or total >= max_tasks or v_batch.position = progress.last_position then
    progress := null;
  else
    progress.bulk_id := bulk_id;
    progress.position := v_batch.position;
    progress.moved := total;
    progress.skipped := skipped;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_purge_batch is 'Does one batch of kanthorq_task_purge. For programs that make the loop themselves.

consumer         name of the consumer
finished_before  only tasks that were completed, cancelled or discarded before this time
states           only tasks in one of these states: completed, cancelled, discarded
archive          a table that gets the rows, in this schema or as schema.table; null keeps none
preview          true counts the tasks that the whole purge would take, and deletes nothing
batch_size       how many tasks the batch takes
max_tasks        how many tasks at most in all batches; null is no limit
reason           why, for the log
progress         null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress         where the next batch goes on; null when there is nothing left to do
purged           how many tasks this batch deleted; it can be 0 before the end
skipped          how many all batches so far left alone because another session held or moved them meanwhile
total            how many all batches so far deleted
bulk_id          the purge in the log; null if nothing was deleted so far
kept             of the first batch and a preview, how many finished tasks have to stay, by the reason

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';
