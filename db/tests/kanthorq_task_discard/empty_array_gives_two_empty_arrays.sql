begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id;

create temp table before as
select * from test.tasks('send_email');

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', '{}') $$,
  $$ values ('{}'::text[], '{}'::text[]) $$,
  'both arrays are empty, not null'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'nothing has changed'
);

select * from finish();

rollback;
