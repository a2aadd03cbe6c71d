begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id;

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select array_agg(id) from task)) $$,
  $$ select array_agg(id), '{}'::text[] from task $$,
  'the first call updates the task'
);

create temp table before as
select * from test.tasks('send_email');

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select array_agg(id) from task)) $$,
  $$ select '{}'::text[], array_agg(id) from task $$,
  'the second one finds nothing to do'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'and writes nothing'
);

select * from finish();

rollback;
