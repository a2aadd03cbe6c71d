begin;

select plan(2);

create temp table other as
select test.task(test.consumer('send_sms'), 'available') as id;

select is_empty(
  $$ select * from kanthorq_task_convert(test.consumer('send_email'), (select array_agg(id) from other)) $$,
  'an event of another stream is unknown'
);

select is_empty(
  'select * from test.tasks(''send_email'')',
  'no task is made of it'
);

select * from finish();

rollback;
