begin;

select plan(5);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', after => (select id || '0' from task where n = 2)) $$,
  $$ select id from task where n <= 2 order by id desc $$,
  'the id to begin after need not be there, newest first'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', after => (select id || '0' from task where n = 2), oldest_first => true) $$,
  $$ select id from task where n > 2 $$,
  'nor oldest first'
);

select is_empty(
  $$ select event_id from kanthorq_task_find('send_email', after => (select id from task where n = 1)) $$,
  'there is nothing after the oldest'
);

select is_empty(
  $$ select event_id from kanthorq_task_find('send_email', after => (select id from task where n = 3), oldest_first => true) $$,
  'nor after the newest, oldest first'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', after => '', oldest_first => true) $$,
  'select id from task order by id',
  'an empty id is before all'
);

select * from finish();

rollback;
