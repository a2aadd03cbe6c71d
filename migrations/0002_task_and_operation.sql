-- Up Migration
-- The shape of a task as the functions return it, and the log of all transitions. KanthorQ knows nothing of either.
do $migration$
begin
  if coalesce(current_schema() ~ '[''"$%\\]', true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(current_schema()), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;

  create type kanthorq_task as (
    event_id text,
    subject text,
    state text,
    stuck boolean,
    schedule_at timestamptz,
    finalized_at timestamptz,
    attempt_count integer,
    attempt_max integer,
    attempted_at timestamptz,
    last_error text,
    metadata jsonb,
    created_at timestamptz,
    updated_at timestamptz
  );
  comment on type kanthorq_task is 'A task: what one consumer makes of one event. A time is null where KanthorQ has none yet.';
  comment on column kanthorq_task.stuck is 'Running, overdue and with its attempts spent: no worker will ever take it.';
  comment on column kanthorq_task.schedule_at is 'When it may be picked up, or picked up again.';
  comment on column kanthorq_task.finalized_at is 'When it was completed, cancelled or discarded.';

  create table kanthorq_task_operation (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    transaction_id xid8 not null,
    action text not null,
    consumer text not null,
    reason text,
    actor text not null,
    application_name text,
    client_addr inet,
    undoes bigint,
    event_ids text[] not null,
    from_state smallint[] not null,
    from_updated_at bigint[] not null,
    from_schedule_at bigint[],
    from_finalized_at bigint[],
    from_attempt_count smallint[],
    to_state smallint[],
    to_updated_at bigint[],
    to_finalized_at bigint[],
    to_attempt_count smallint[]
  );
  -- Compression would cost more time than the rest of the logging together.
  alter table kanthorq_task_operation alter event_ids set storage external;
  create index kanthorq_task_operation_consumer on kanthorq_task_operation (consumer, id);

  comment on table kanthorq_task_operation is 'What kanthorq-tasks did to tasks: one row for each call, or batch, that changed something. Read it through kanthorq_task_operations().';
  comment on column kanthorq_task_operation.at is 'When the call was made; updated_at of its tasks is the same millisecond.';
  comment on column kanthorq_task_operation.actor is 'The role that had logged in (session_user).';
  comment on column kanthorq_task_operation.undoes is 'The operation that this one undid.';
  comment on column kanthorq_task_operation.event_ids is 'The tasks that changed. The arrays beside it hold, in the same order, what each was before (from_) and became (to_); one that is null holds what follows from the action, or did not change.';
end
$migration$;

-- Down Migration
do $migration$
begin
  lock table kanthorq_task_operation;
  if exists (select from kanthorq_task_operation) then
    raise exception 'kanthorq_task_operation holds rows, so it is not dropped'
      using errcode = 'KQ003',
        hint = 'It is the record of who cancelled and resumed what. If it really has to go, copy it away and delete its rows first.';
  end if;
  drop table kanthorq_task_operation;
  drop type kanthorq_task;
end
$migration$;
