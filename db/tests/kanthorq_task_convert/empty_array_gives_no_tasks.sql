begin;

select plan(2);

select is_empty(
  $$ select * from kanthorq_task_convert(test.consumer(), '{}') $$,
  'no ids give no tasks'
);

select is_empty(
  'select * from test.tasks(''send_email'')',
  'and none is made'
);

select * from finish();

rollback;
