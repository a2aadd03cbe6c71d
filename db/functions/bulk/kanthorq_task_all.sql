-- The loop of kanthorq_task_cancel_all, _resume_all and _discard_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under
-- the caller's search_path: everything in it is qualified, and all the work is done by the definer function that does one
-- batch. Stopping it half-way loses nothing; calling it again goes on.
create or replace procedure
kanthorq_schema.kanthorq_task_all(
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
  inout updated bigint default null
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress pg_catalog.jsonb;
  v_start pg_catalog.timestamptz;
begin
  -- A COMMIT always fails in this block, but with a text of its own where the caller is in a transaction. Better now than
  -- after the first batch. In a translated server the text is another, and PostgreSQL's own error comes at that COMMIT.
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception 'kanthorq_task_%_all commits each batch, so it can''t be part of a transaction', action
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call kanthorq_task_batch, which does one batch in your transaction.';
    end if;
  end;

  if pause operator(pg_catalog.<) interval '0' or pause operator(pg_catalog.>) interval '1 day' then
    raise exception 'pause is %', pause using errcode = 'KQ003', hint = 'Pass an interval of at most a day, or null.';
  end if;

  updated := 0;
  loop
    v_start := pg_catalog.clock_timestamp();
    select b.progress, b.updated, b.total into v_batch
    from kanthorq_schema.kanthorq_task_batch(
      action, consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
      max_tasks, reason, schedule_at, reset_attempts, spread, v_progress
    ) b;
    commit;
    v_progress := v_batch.progress;
    if v_batch.updated operator(pg_catalog.>) 0 then
      updated := v_batch.total;
      raise notice '% %: % tasks so far', action, consumer, updated;
      if v_progress is not null then
        perform pg_catalog.pg_sleep_for(coalesce(
          pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_start) operator(pg_catalog.*) 2::pg_catalog.float8
        ));
      end if;
    end if;
    exit when v_progress is null;
  end loop;
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_all is 'What kanthorq_task_cancel_all, kanthorq_task_resume_all and kanthorq_task_discard_all call; call those.

action          cancel, resume or discard
consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches; null is twice as long as the batch took, so that workers keep most of the server
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
updated         the number of tasks

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument, 25001 inside a transaction;
then nothing has changed, unless batches were committed before.';

revoke all on procedure kanthorq_schema.kanthorq_task_all from public;
