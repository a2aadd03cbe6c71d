-- level: operator
-- The loop of kanthorq_task_cancel_all, _resume_all and _discard_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under the
-- caller's search_path: everything in it is qualified, and the definer function that does one batch has all the work.
create or replace procedure
kanthorq_schema._kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  inout updated bigint,
  inout skipped bigint,
  inout bulk_id bigint
)
language plpgsql
as $procedure$
declare
  v_progress kanthorq_schema.kanthorq_task_progress;
  v_batch pg_catalog.record;
  v_start pg_catalog.timestamptz;
begin
  call kanthorq_schema._kanthorq_check_can_commit(pg_catalog.format('kanthorq_task_%s_all', action), pause);
  loop
    v_start := pg_catalog.clock_timestamp();
    select b.* into v_batch
    from kanthorq_schema.kanthorq_task_batch(
      action, consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
      max_tasks, reason, schedule_at, reset_attempts, spread, v_progress
    ) b;
    commit;
    v_progress := v_batch.progress;
    updated := v_batch.total;
    skipped := v_batch.skipped;
    bulk_id := v_batch.bulk_id;
    if v_batch.updated operator(pg_catalog.>) 0 then
      raise notice '% %: % tasks so far', action, consumer, updated;
    end if;
    exit when v_progress is null;
    if v_batch.updated operator(pg_catalog.>) 0 then
      perform pg_catalog.pg_sleep_for(coalesce(
        pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_start) operator(pg_catalog.*) 2::pg_catalog.float8
      ));
    end if;
  end loop;
  if skipped operator(pg_catalog.>) 0 then
    raise notice '% %: % tasks skipped, because another session held or moved them; call again to take those that still match',
      action, consumer, skipped;
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_task_all is 'Internal. The loop of kanthorq_task_cancel_all, kanthorq_task_resume_all and kanthorq_task_discard_all.';
