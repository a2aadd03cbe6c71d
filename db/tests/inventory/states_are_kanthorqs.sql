begin;

select plan(1);

-- By way of the fixture, which may call the helper: a task is made in each state, and the column read as it is.
create temp table task as
select state, test.task(test.consumer(), state) as id
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select results_eq(
  $$ select task.state, (row ->> 'state')::integer
     from task
       join test.read(format('select event_id, state from %s', test.task_table('send_email'))) row on row ->> 'event_id' = id
     order by 2 $$,
  $$ values
       ('discarded', -102), ('cancelled', -101), ('pending', 0), ('available', 1), ('running', 2),
       ('completed', 101), ('retryable', 102) $$,
  'every state is stored under KanthorQ''s code'
);

select * from finish();

rollback;
