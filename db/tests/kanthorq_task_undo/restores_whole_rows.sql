begin;

select plan(6);

create temp table consumer as
select action, test.consumer(action, attempt_max => 3) as name
from unnest(array['cancel', 'resume', 'discard']) action;

-- In each state, with attempts left and without, due and not; final states have a time of their end.
create temp table task as
select
  action,
  test.task(
    name, state, attempt_count => attempts, schedule_at => due,
    finalized_at => case when state in ('discarded', 'cancelled', 'completed') then 7000 + attempts else 0 end,
    attempted_error => array['{"error": "smtp"}']::jsonb[]
  ) as id
from consumer,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[0, 2, 3, 5]) attempts,
  unnest(array[2000, 4102444800000]) due;

create temp table before as
select action, t.* from consumer, test.tasks(name) t;

create temp table done as
select 'cancel' as action, r.* from kanthorq_task_cancel('cancel', (select array_agg(id) from task)) r
union all
select 'resume', r.* from kanthorq_task_resume('resume', (select array_agg(id) from task)) r
union all
select 'discard', r.* from kanthorq_task_discard('discard', (select array_agg(id) from task)) r;

create temp table undone as
select o.action, u.updated, u.noop
from kanthorq_task_operations() o, kanthorq_task_undo(o.id) u;

select results_eq(
  format(
    $$ select array(select unnest(updated) order by 1), noop from undone where action = %L $$, action
  ),
  format(
    $$ select array(select unnest(updated) order by 1), '{}'::text[] from done where action = %L and updated <> '{}' $$, action
  ),
  action || ': what was moved is moved back'
)
from consumer;

select results_eq(
  format($$ select * from test.tasks(%L) $$, action),
  format(
    $$ select event_id, subject, state, schedule_at, finalized_at, attempt_count, attempted_at, attempted_error, metadata,
         created_at, updated_at
       from before where action = %L order by event_id $$,
    action
  ),
  action || ': all columns of all tasks are as they were'
)
from consumer;

select * from finish();

rollback;
