-- That the tables are KanthorQ's is tested where they are compared with those that KanthorQ made.
begin;

-- By way of the fixture, which may call the helper: a task is made in each state, and the column read as it is.
create temp table made as
select state, test.task(test.consumer(), state) as id
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select plan(1);

select results_eq(
  $$ select made.state, (row ->> 'state')::integer
     from made
       join test.read(format('select event_id, state from %s', test.task_table('send_email'))) row on row ->> 'event_id' = id
     order by 2 $$,
  $$ values
       ('discarded', -102), ('cancelled', -101), ('pending', 0), ('available', 1), ('running', 2),
       ('completed', 101), ('retryable', 102) $$,
  'every state is stored under KanthorQ''s code'
);

rollback;
