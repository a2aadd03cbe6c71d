begin;

select plan(3);

create temp table consumer as
select action, test.consumer(action, attempt_max => 3) as name
from unnest(array['cancel', 'resume', 'discard']) action;

-- In each state: one that has attempts left, and one that has none.
create temp table task as
select action, state, attempts, test.task(name, state, attempt_count => attempts) as id
from consumer,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[1, 4]) attempts;

create temp table batch as
select action, b.*
from consumer, lateral (
  with recursive batch as (
    select b.* from kanthorq_task_batch(action, name, everything => true) b
    union all
    select b.*
    from batch, kanthorq_task_batch(action, name, everything => true, progress => batch.progress) b
    where batch.progress is not null
  )
  select * from batch
) b;

select results_eq(
  $$ select action, max(total) from batch group by action order by action $$,
  $$ values ('cancel', 6::bigint), ('discard', 1), ('resume', 4) $$,
  'each action takes the tasks that it takes when it is given all ids'
);

select results_eq(
  $$ select task.action, task.state, task.attempts, t.state
     from task, test.tasks(action) t where t.event_id = task.id and t.state <> task.state
     order by task.action, task.state, task.attempts $$,
  $$ values
       ('cancel', 'available', 1, 'cancelled'), ('cancel', 'available', 4, 'cancelled'),
       ('cancel', 'pending', 1, 'cancelled'), ('cancel', 'pending', 4, 'cancelled'),
       ('cancel', 'retryable', 1, 'cancelled'), ('cancel', 'retryable', 4, 'cancelled'),
       ('discard', 'running', 4, 'discarded'),
       ('resume', 'cancelled', 1, 'running'), ('resume', 'cancelled', 4, 'running'),
       ('resume', 'discarded', 1, 'running'), ('resume', 'discarded', 4, 'running') $$,
  'and moves them where it moves them then'
);

select results_eq(
  $$ select task.state, task.attempts, t.attempt_count, t.finalized_at, t.schedule_at > 1000
     from task, test.tasks('resume') t where t.event_id = task.id and t.state <> task.state
     order by task.state, task.attempts $$,
  $$ values
       ('cancelled', 1, 1, 0::bigint, true), ('cancelled', 4, 3, 0, true),
       ('discarded', 1, 1, 0, true), ('discarded', 4, 3, 0, true) $$,
  'what is resumed is due now and has an attempt left'
);

select * from finish();

rollback;
