begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), state, attempt_count => 2, schedule_at => 5000, finalized_at => 6000) as id
from unnest(array['discarded', 'cancelled', 'running', 'completed']) state;

create temp table before as
select * from test.tasks('send_email');

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('send_email', (select array_agg(id order by id) from task)) $$,
  $$ select '{}'::text[], (select array_agg(id order by id) from task) $$,
  'tasks in other states are no-ops'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'no column of a no-op is written, updated_at neither'
);

select * from finish();

rollback;
