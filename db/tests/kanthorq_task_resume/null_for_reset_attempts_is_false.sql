begin;

select plan(2);

create temp table task as
select test.task(test.consumer(attempt_max => 3), 'discarded', attempt_count => 2) as id;

select results_eq(
  $$ select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task), reset_attempts => null) $$,
  $$ select array_agg(id) from task $$,
  'null is accepted'
);

select results_eq(
  $$ select state, attempt_count from test.tasks('send_email') $$,
  $$ values ('running', 2) $$,
  'the attempts stay counted'
);

select * from finish();

rollback;
