begin;

select plan(4);

create temp table task as
select id from test.tasks_in_bulk(test.consumer(), 'available', 120) id;

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email') $$,
  'select id from task order by id desc limit 100',
  'a page has 100 tasks'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', max_tasks => 1) $$,
  'select max(id) from task',
  'or one, if told so'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', max_tasks => 120) $$,
  'select id from task order by id desc',
  'or as many as there are'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', max_tasks => 2147483647) $$,
  'select id from task order by id desc',
  'or all, as long as there are less than two thousand million'
);

select * from finish();

rollback;
