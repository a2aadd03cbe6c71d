-- level: owner
-- The loop of kanthorq_task_purge and kanthorq_event_purge: batch after batch, each committed, as _kanthorq_task_all does it.
--
-- It runs as its caller, so everything in it is qualified. Only the owner may call the functions that do a batch.
create or replace procedure
kanthorq_schema._kanthorq_purge_all(
  what text,
  name text,
  moment timestamp with time zone,
  states text[],
  with_missed boolean,
  archive text,
  preview boolean,
  batch_size int,
  most bigint,
  pause interval,
  reason text,
  inout purged bigint,
  inout skipped bigint,
  inout bulk_id bigint,
  inout kept jsonb
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress kanthorq_schema.kanthorq_task_progress;
  v_now pg_catalog.timestamptz;
  v_next pg_catalog.timestamptz := '-infinity';
  v_message pg_catalog.text;
  v_detail pg_catalog.text;
  v_hint pg_catalog.text;
begin
  call kanthorq_schema._kanthorq_check_can_commit(
    case when what operator(pg_catalog.=) 'tasks' then 'kanthorq_task_purge' else 'kanthorq_event_purge' end, pause
  );
  loop
    v_batch := null;
    v_now := pg_catalog.clock_timestamp();
    begin
      if v_now operator(pg_catalog.<) v_next then
        perform pg_catalog.pg_sleep_for(least(v_next operator(pg_catalog.-) v_now, interval '0.1 seconds'));
      elsif what operator(pg_catalog.=) 'tasks' then
        select b.progress, b.purged, b.skipped, b.total, b.bulk_id, b.kept into v_batch
        from kanthorq_schema.kanthorq_task_purge_batch(name, moment, states, archive, preview, batch_size, most, reason, v_progress) b;
      else
        select b.progress, b.purged, b.skipped, b.total, b.bulk_id, b.kept into v_batch
        from kanthorq_schema.kanthorq_event_purge_batch(name, moment, with_missed, archive, preview, batch_size, most, reason, v_progress) b;
      end if;
    exception when others or query_canceled then
      get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      if bulk_id is null then
        raise exception using errcode = sqlstate, message = v_message, detail = v_detail, hint = v_hint;
      end if;
      raise exception using
        errcode = sqlstate,
        message = v_message,
        detail = pg_catalog.concat(
          v_detail, case when v_detail operator(pg_catalog.<>) '' then e'\n' end,
          pg_catalog.format('%s %s were deleted before, in committed batches.', purged, what)
        ),
        hint = case when v_hint operator(pg_catalog.<>) '' then v_hint else 'Call it again to go on.' end;
    end;
    commit;
    continue when v_batch is null;

    v_progress := v_batch.progress;
    purged := v_batch.total;
    skipped := v_batch.skipped;
    kept := coalesce(kept, v_batch.kept);
    bulk_id := v_batch.bulk_id;
    exit when v_progress is null;
    if v_batch.purged operator(pg_catalog.>) 0 then
      v_next := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(
        pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_now) operator(pg_catalog.*) 2::pg_catalog.float8
      );
      raise notice 'purge %: % % so far', name, purged, what;
    end if;
  end loop;
  if preview then
    raise notice 'purge %: it would delete % %', name, purged, what;
  elsif purged operator(pg_catalog.>) 0 then
    raise notice 'purge %: % % deleted; autovacuum, or VACUUM, frees their room for new rows', name, purged, what;
  end if;
  if skipped operator(pg_catalog.>) 0 then
    raise notice 'purge %: % % skipped, because another session held or moved them; call again', name, skipped, what;
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_purge_all is 'Internal. The loop of the procedures that delete in committed batches.';
