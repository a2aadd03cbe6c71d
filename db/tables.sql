-- Our own types and tables, beside KanthorQ's registries. A change of this file after a release needs a migration written by hand.

create type kanthorq_schema.kanthorq_task as (
  event_id text,
  subject text,
  state text,
  stuck boolean,
  schedule_at timestamp with time zone,
  finalized_at timestamp with time zone,
  attempt_count int,
  attempt_max int,
  attempted_at timestamp with time zone,
  last_error text,
  metadata jsonb,
  created_at timestamp with time zone,
  updated_at timestamp with time zone
);

comment on type kanthorq_schema.kanthorq_task is 'A task: the work of one consumer on one event. A time is null where KanthorQ has none yet.';

comment on column kanthorq_schema.kanthorq_task.stuck is 'Running, overdue and with its attempts spent: no worker takes it again.';

comment on column kanthorq_schema.kanthorq_task.schedule_at is 'When it may be picked up, or picked up again.';

comment on column kanthorq_schema.kanthorq_task.finalized_at is 'When it was completed, cancelled or discarded.';

create type kanthorq_schema.kanthorq_pulled_task as (
  event_id text,
  subject text,
  body bytea,
  metadata jsonb,
  attempt int,
  attempt_max int,
  lease_until timestamp with time zone,
  created_at timestamp with time zone
);

comment on type kanthorq_schema.kanthorq_pulled_task is 'A task that a worker holds, and its event.';

comment on column kanthorq_schema.kanthorq_pulled_task.attempt is 'Goes with each report on the task: 0 for the first attempt. Another pull of the task makes it grow.';

comment on column kanthorq_schema.kanthorq_pulled_task.lease_until is 'When another worker may take the task, unless it is extended.';

-- The common filter, checked and ready for comparison with the columns of a task. A part that is null lets everything through.
create type kanthorq_schema._kanthorq_task_filter as (
  states smallint[],
  subject text,
  subject_pattern text,
  metadata jsonb,
  -- In lower case.
  error text,
  fingerprint text,
  -- What stands before the first value: a text without it needs no fingerprint.
  fingerprint_start text,
  created_from bigint,
  created_to bigint,
  finalized_from bigint,
  finalized_to bigint
);

-- Where the next batch of an _all call goes on. Callers pass it back as it is.
create type kanthorq_schema.kanthorq_task_progress as (
  -- The first batch that moved a task.
  bulk_id bigint,
  -- The last task that was looked at, and the last one to look at; of undo_all, ids of operations.
  position text,
  last_position text,
  -- When the first batch began, in epoch milliseconds.
  started bigint,
  moved bigint,
  skipped bigint,
  -- How many tasks matched when the first batch began; of undo_all, 0.
  found bigint
);

comment on type kanthorq_schema.kanthorq_task_progress is 'Where the next batch of an _all call continues. Pass it back unchanged.';

create type kanthorq_schema.kanthorq_error as (
  consumer_name text,
  fingerprint text,
  tasks bigint,
  first_failed_at timestamp with time zone,
  last_failed_at timestamp with time zone,
  by_state jsonb,
  by_subject jsonb,
  subjects bigint,
  sample_error text,
  sample_ids text[],
  cut boolean
);

comment on type kanthorq_schema.kanthorq_error is 'Tasks that failed for one cause: what kanthorq_task_errors returns.';

comment on column kanthorq_schema.kanthorq_error.fingerprint is 'The first line of their last error, with * for each value.';

comment on column kanthorq_schema.kanthorq_error.first_failed_at is 'The first of the times at which their last attempts failed; null if no error has a time.';

comment on column kanthorq_schema.kanthorq_error.last_failed_at is 'The last of these times.';

comment on column kanthorq_schema.kanthorq_error.by_state is 'How many are in each state: {"discarded": 3}.';

comment on column kanthorq_schema.kanthorq_error.by_subject is 'The ten subjects with the most of them: [{"subject": "order.created", "tasks": 3}].';

comment on column kanthorq_schema.kanthorq_error.subjects is 'How many different subjects they have.';

comment on column kanthorq_schema.kanthorq_error.sample_error is 'The last error of the newest of them, at most 1000 characters.';

comment on column kanthorq_schema.kanthorq_error.sample_ids is 'Event ids of up to five of them, the newest first.';

comment on column kanthorq_schema.kanthorq_error.cut is 'Whether max_tasks left out older failures of the consumer.';

create type kanthorq_schema.kanthorq_operation as (
  id bigint,
  at timestamp with time zone,
  last_at timestamp with time zone,
  action text,
  consumer_name text,
  reason text,
  actor text,
  application_name text,
  client_addr inet,
  transaction_id xid8,
  bulk_id bigint,
  batches bigint,
  undoes bigint,
  tasks bigint,
  from_states jsonb,
  event_ids text[]
);

comment on type kanthorq_schema.kanthorq_operation is 'A call that moved tasks, or all batches of one: what kanthorq_task_operations returns.';

-- What an operation did to one task: its columns before, and its columns after.
create type kanthorq_schema.kanthorq_task_change as (
  event_id text,
  from_state smallint,
  from_schedule_at bigint,
  from_finalized_at bigint,
  from_attempt_count smallint,
  from_updated_at bigint,
  to_state smallint,
  to_schedule_at bigint,
  to_finalized_at bigint,
  to_attempt_count smallint,
  to_updated_at bigint
);

comment on type kanthorq_schema.kanthorq_task_change is 'What an operation did to one task: its columns before (from_) and after (to_).';

create table kanthorq_schema.kanthorq_task_operation (
  id bigint generated always as identity primary key,
  at timestamp with time zone not null,
  transaction_id xid8
  not null
  default pg_current_xact_id(),
  action text not null,
  consumer text not null,
  reason text,
  actor text not null default session_user,
  application_name text
  default (nullif(current_setting('application_name'), '')),
  client_addr inet default inet_client_addr(),
  bulk_id bigint,
  undoes bigint,
  origin bigint,
  undone boolean not null default false,
  tasks int not null,
  from_states jsonb not null,
  first_event_id text collate "C" not null,
  last_event_id text collate "C" not null,
  changes kanthorq_schema.kanthorq_task_change[]
  not null
);

create index kanthorq_task_operation_consumer on kanthorq_schema.kanthorq_task_operation (consumer, id);

create index kanthorq_task_operation_event on kanthorq_schema.kanthorq_task_operation (last_event_id, first_event_id);

create index kanthorq_task_operation_bulk on kanthorq_schema.kanthorq_task_operation (bulk_id, id) where bulk_id is not null;

create index kanthorq_task_operation_purged on kanthorq_schema.kanthorq_task_operation (consumer, last_event_id) where action = 'purge';

comment on table kanthorq_schema.kanthorq_task_operation is 'The log: one row for each call, or batch, that changed tasks. Read it through kanthorq_task_operations().';

comment on column kanthorq_schema.kanthorq_task_operation.at is 'When the call was made.';

comment on column kanthorq_schema.kanthorq_task_operation.actor is 'The role that logged in (session_user).';

comment on column kanthorq_schema.kanthorq_task_operation.bulk_id is 'The first batch of the same _all call; null for that batch itself and for a single call.';

comment on column kanthorq_schema.kanthorq_task_operation.undoes is 'The operation that this one undid.';

comment on column kanthorq_schema.kanthorq_task_operation.origin is 'The operation at the start of a chain of undos: the one that is no undo itself.';

comment on column kanthorq_schema.kanthorq_task_operation.undone is 'An undo has begun: the bulk gets no more batches.';

comment on column kanthorq_schema.kanthorq_task_operation.from_states is 'How many tasks came from each state; of a purge of events, none.';

comment on column kanthorq_schema.kanthorq_task_operation.first_event_id is 'The smallest of the event ids; finds the operations of a task, together with last_event_id.';

create table kanthorq_schema.kanthorq_consumer_hold (
  consumer_id text collate "C" primary key,
  consumer text not null,
  cursor text not null,
  intake_only boolean not null,
  reason text,
  at timestamp with time zone not null,
  actor text not null default session_user
);

comment on table kanthorq_schema.kanthorq_consumer_hold is 'The consumers that are held, and their true cursors. kanthorq_consumer_hold() and kanthorq_consumer_release() write it.';

comment on column kanthorq_schema.kanthorq_consumer_hold.cursor is 'How far the consumer has read its stream. The cursor in KanthorQ''s registry is above every id meanwhile.';

comment on column kanthorq_schema.kanthorq_consumer_hold.intake_only is 'Workers still take tasks: the table of the tasks has no trigger.';

comment on column kanthorq_schema.kanthorq_consumer_hold.actor is 'The role that logged in (session_user).';
