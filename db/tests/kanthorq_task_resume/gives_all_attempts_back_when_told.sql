begin;

select plan(3);

create temp table task as
select n, test.task(
  test.consumer(attempt_max => 3), 'discarded', attempt_count => n, schedule_at => 9000000000000, finalized_at => 6000
) as id
from unnest(array[0, 3, 9]) n;

select results_eq(
  $$ select updated
     from kanthorq_task_resume('send_email', (select array_agg(id order by n) from task), reset_attempts => true) $$,
  $$ select array_agg(id order by n) from task $$,
  'tasks are resumed with reset_attempts'
);

select results_eq(
  $$ select state, attempt_count, finalized_at, schedule_at = updated_at from test.tasks('send_email') $$,
  $$ select 'running', 0, 0::bigint, true from task $$,
  'none has an attempt behind it, and they are running and due now as without'
);

select results_eq(
  $$ select * from test.pull('send_email') p (id) order by id $$,
  $$ select id from task order by id $$,
  'a puller takes them all'
);

select * from finish();

rollback;
