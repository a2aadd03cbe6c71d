-- level: owner
-- Does one batch of kanthorq_event_purge in the caller's transaction. For programs that make the loop themselves.
--
-- An event goes when no consumer of its stream can need it again: each has read it, has no task of it but a completed one, and has not
-- missed it. No transition moves a completed task, so nothing that runs meanwhile can need what is deleted. Each batch looks at the
-- consumers anew; their cursors are read before their tasks, because KanthorQ commits both at once.
create or replace function
kanthorq_schema.kanthorq_event_purge_batch(
  stream text,
  before timestamp with time zone,
  with_missed boolean default false,
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_events bigint default null,
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
  v_before bigint;
  v_stream record;
  v_events text;
  v_archived text;
  v_registry record;
  v_consumer record;
  v_names text[] := '{}';
  v_cursors text[] := '{}';
  v_purged_to text[] := '{}';
  v_patterns text[] := '{}';
  v_joins text := '';
  v_needs text := '';
  v_bound text;
  v_last text;
  v_batch record;
begin
  v_before := kanthorq_schema._kanthorq_check_purge('before', before, batch_size, max_events, progress);
  v_stream := kanthorq_schema._kanthorq_stream(stream);
  v_events := kanthorq_schema._kanthorq_only_sql(v_stream.event_table);
  v_archived := kanthorq_schema._kanthorq_archive_sql(archive, v_stream.event_table, 'stream');
  for v_registry in
    select r.name, r.subject_includes, r.subject_excludes
    from kanthorq_schema.kanthorq_consumer_registry r
    where r.stream_id = (v_stream.registry).id
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_registry.name::text);
    v_names := v_names || v_registry.name::text;
    v_cursors := v_cursors || coalesce(kanthorq_schema._kanthorq_true_cursor(v_registry.name::text), '');
    v_purged_to := v_purged_to || coalesce(kanthorq_schema._kanthorq_purged_to(v_registry.name::text), '');
    v_patterns := v_patterns || kanthorq_schema._kanthorq_wanted_pattern(v_registry.subject_includes::text[], v_registry.subject_excludes::text[]);
    v_joins := v_joins || format(
      ' left join lateral (select t.state from %s t where t.event_id = e.id) t%s on true', v_consumer.tasks, cardinality(v_names)
    );
    v_needs := v_needs || format($q$
      case
        when e.id > $2[%1$s] then $1[%1$s] || ' has not read it'
        when t%1$s.state <> kanthorq_schema._kanthorq_task_state('completed') then $1[%1$s] || ' has a task of it that is not completed'
        when t%1$s.state is null and not $5 and e.id > $3[%1$s] and e.subject ~ $4[%1$s] then $1[%1$s] || ' has missed it'
      end,
      $q$,
      cardinality(v_names)
    );
  end loop;
  if cardinality(v_names) = 0 then
    raise exception 'stream % has no consumer', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ003', hint = 'The first one would read all of its events, so all are kept.';
  end if;
  -- Ids begin with the time.
  v_bound := 'event_' || kanthorq_schema._kanthorq_crockford(least(greatest(v_before, 0), 281474976710655), 10);

  if preview then
    execute format($q$
      select coalesce(sum(n.events) filter (where n.need is null), 0)::bigint as purged,
        coalesce(jsonb_object_agg(n.need, n.events) filter (where n.need is not null), '{}') as kept
      from (
        select coalesce(%3$s null) as need, count(*) as events
        from %1$s e
        %2$s
        where e.id < $6 and e.created_at < $7
        group by need
      ) n
      $q$,
      v_events, v_joins, v_needs
    )
    into v_batch
    using v_names, v_cursors, v_purged_to, v_patterns, coalesce(with_missed, false), v_bound, v_before;
    purged := least(v_batch.purged, max_events);
    total := purged;
    skipped := 0;
    kept := v_batch.kept;
    progress := null;
    return;
  end if;

  if progress is null then
    execute format('select max(e.id) from %s e where e.id < $1', v_events) into v_last using v_bound;
    progress := row(null, null, v_last, kanthorq_schema._kanthorq_now(), 0, 0, 0);
  end if;
  execute format($q$
    with scanned as materialized (
      select e.id, e.subject
      from %1$s e
      where e.id < $6 and e.created_at < $7 and ($8 is null or e.id > $8) and e.id <= $9
      order by e.id
      limit $10
    ),
    unneeded as materialized (
      select e.id
      from scanned e
      %2$s
      where coalesce(%3$s null) is null
      order by e.id
      limit $11
    ),
    free as materialized (
      select e.id
      from %1$s e
      where e.id = any (array(select u.id::text from unneeded u))
      order by e.id
      for update
      skip locked
    ),
    gone as (
      delete from %1$s e
      using free f
      where e.id = f.id
      returning e.*
    )
    %4$s
    select (select count(*) from scanned) as scanned, (select max(s.id) from scanned s) as position,
      (select count(*) from unneeded) as unneeded, count(*) as purged, min(g.id collate "C") as first_id, max(g.id collate "C") as last_id
    from gone g
    $q$,
    v_events, v_joins, v_needs, v_archived
  )
  into v_batch
  using v_names, v_cursors, v_purged_to, v_patterns, coalesce(with_missed, false), v_bound, v_before, progress.position,
    progress.last_position, batch_size, case when max_events is not null then greatest(max_events - progress.moved, 0) end;

  purged := v_batch.purged;
  bulk_id := kanthorq_schema._kanthorq_purge_log(
    'purge events'::text, stream, reason, progress.bulk_id, purged, '{}'::jsonb, v_batch.first_id, v_batch.last_id
  );
  total := progress.moved + purged;
  skipped := progress.skipped + v_batch.unneeded - purged;
  if v_batch.scanned < batch_size or total >= max_events or v_batch.position = progress.last_position then
    progress := null;
  else
    progress.bulk_id := bulk_id;
    progress.position := v_batch.position;
    progress.moved := total;
    progress.skipped := skipped;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_event_purge_batch is 'Does one batch of kanthorq_event_purge. For programs that make the loop themselves.

stream       name of the stream
before       only events that were made before this time
with_missed  true also takes events that a consumer wants, has read and has no task of
archive      a table that gets the rows, in this schema or as schema.table; null keeps none
preview      true counts the events that the whole purge would take, and deletes nothing
batch_size   how many events the batch looks at
max_events   how many events at most in all batches; null is no limit
reason       why, for the log
progress     null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress     where the next batch goes on; null when there is nothing left to do
purged       how many events this batch deleted; it can be 0 before the end
skipped      how many all batches so far left alone because another session held them
total        how many all batches so far deleted
bulk_id      the purge in the log; null if nothing was deleted so far
kept         of a preview, how many older events have to stay, by consumer and reason

Raises KQ001 if there is no such stream, KQ002 if its table, or that of one of its consumers, is gone, KQ003 for a bad argument and for a
stream without consumers.';
