begin;

select plan(10);

create temp table task as
select state, test.task(test.consumer(), state) as id
from
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  generate_series(1, 2);

select results_eq(
  format('select event_id, state from kanthorq_task_find(''send_email'', states => array[%L], oldest_first => true)', state),
  format('select id, state from task where state = %L order by id', state),
  format('those that are %s are found, and called so', state)
)
from (select distinct state from task) s;

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_email', '{running,discarded,running}', oldest_first => true) $$,
  $$ select id, state from task where state in ('running', 'discarded') order by id $$,
  'of several states, all are found, in the order of their ids'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', '[0:0]={pending}', oldest_first => true) $$,
  $$ select id from task where state = 'pending' order by id $$,
  'a list may begin at any index'
);

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_email', oldest_first => true) $$,
  $$ select id, state from task order by id $$,
  'without states, tasks in all of them are found'
);

select * from finish();

rollback;
