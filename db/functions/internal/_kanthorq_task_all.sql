-- level: operator
-- The loop of kanthorq_task_cancel_all, _resume_all, _discard_all and _undo_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under the
-- caller's search_path: everything in it is qualified, and the definer function that does one batch has all the work.
--
-- - It waits in short transactions, so that it holds no snapshot and transaction_timeout does not end it.
-- - An error is passed on with what was committed before: a block that catches errors can't contain the COMMIT, but the batch.
create or replace procedure
kanthorq_schema._kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  fingerprint text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  finalized_after timestamp with time zone,
  finalized_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  running boolean,
  undone_bulk_id bigint,
  inout updated bigint,
  inout skipped bigint,
  inout bulk_id bigint
)
language plpgsql
as $procedure$
declare
  v_what pg_catalog.text := case when action operator(pg_catalog.=) 'undo' then pg_catalog.concat('undo of bulk ', undone_bulk_id)
    else pg_catalog.concat(action, ' ', consumer) end;
  v_batch pg_catalog.record;
  v_progress kanthorq_schema.kanthorq_task_progress;
  v_batches pg_catalog.int8 := 0;
  v_found pg_catalog.int8;
  v_now pg_catalog.timestamptz;
  v_next pg_catalog.timestamptz := '-infinity';
  v_message pg_catalog.text;
  v_detail pg_catalog.text;
  v_hint pg_catalog.text;
begin
  call kanthorq_schema._kanthorq_check_can_commit(pg_catalog.format('kanthorq_task_%s_all', action), pause);
  loop
    v_batch := null;
    v_now := pg_catalog.clock_timestamp();
    begin
      if v_now operator(pg_catalog.<) v_next then
        perform pg_catalog.pg_sleep_for(least(v_next operator(pg_catalog.-) v_now, interval '0.1 seconds'));
      elsif action operator(pg_catalog.=) 'undo' then
        select b.progress, b.updated, b.skipped, b.total, b.undo_bulk_id as bulk_id into v_batch
        from kanthorq_schema.kanthorq_task_undo_batch(undone_bulk_id, reason, v_progress) b;
      else
        select b.progress, b.updated, b.skipped, b.total, b.bulk_id into v_batch
        from kanthorq_schema.kanthorq_task_batch(
          action, consumer, states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after,
          finalized_before, everything, batch_size, max_tasks, reason, schedule_at, reset_attempts, spread, running, v_progress
        ) b;
      end if;
    exception when others or query_canceled then
      get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      if v_batches operator(pg_catalog.=) 0 and (v_detail operator(pg_catalog.<>) '' or v_hint operator(pg_catalog.=) '') then
        raise;
      elsif v_batches operator(pg_catalog.=) 0 then
        -- Anew, so that the context of the error is short.
        raise exception using errcode = sqlstate, message = v_message, hint = v_hint;
      end if;
      raise exception using
        errcode = sqlstate,
        message = v_message,
        detail = pg_catalog.concat(
          v_detail, case when v_detail operator(pg_catalog.<>) '' then e'\n' end,
          pg_catalog.format('%s batches with %s tasks were committed before and stay, as bulk %s.', v_batches, updated, bulk_id)
        ),
        hint = case when v_hint operator(pg_catalog.<>) '' then v_hint else 'Call it again to go on.' end;
    end;
    commit;
    continue when v_batch is null;

    v_progress := v_batch.progress;
    v_found := coalesce(least((v_progress).found, max_tasks), v_found);
    updated := v_batch.total;
    skipped := v_batch.skipped;
    bulk_id := v_batch.bulk_id;
    if v_batch.updated operator(pg_catalog.>) 0 then
      v_batches := v_batches operator(pg_catalog.+) 1;
      v_next := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(
        pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_now) operator(pg_catalog.*) 2::pg_catalog.float8
      );
      raise notice '%: % tasks so far', v_what,
        pg_catalog.concat(updated, case when v_found operator(pg_catalog.>) 0 then pg_catalog.concat(' of ', v_found) end);
    end if;
    exit when v_progress is null;
  end loop;
  if bulk_id is not null then
    raise notice '%: % tasks in % batches; to take them back: call kanthorq_task_undo_all(%)', v_what, updated, v_batches, bulk_id;
  end if;
  if skipped operator(pg_catalog.>) 0 then
    if action operator(pg_catalog.=) 'undo' then
      raise notice '%: % tasks left alone, because something has touched them since', v_what, skipped;
    else
      raise notice '%: % tasks skipped, because another session held or moved them; call again to take those that still match',
        v_what, skipped;
    end if;
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_task_all is 'Internal. The loop of the procedures that move many tasks in committed batches.';
