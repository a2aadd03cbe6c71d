begin;

select plan(2);

create temp table task as
select state, test.task(test.consumer(), state) as id
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select array_agg(id order by id) from task)) $$,
  $$ select
       (select array_agg(id order by id) from task where state in ('discarded', 'cancelled')),
       (select array_agg(id order by id) from task where state not in ('discarded', 'cancelled')) $$,
  'discarded and cancelled tasks are updated, all others are no-ops'
);

select results_eq(
  $$ select task.state, test.state('send_email', task.id) from task order by task.id $$,
  $$ select state, case when state in ('discarded', 'cancelled') then 'running' else state end from task order by id $$,
  'what was updated is running, what was not is as it was'
);

select * from finish();

rollback;
