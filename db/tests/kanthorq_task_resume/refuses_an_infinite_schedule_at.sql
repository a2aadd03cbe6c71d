begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'discarded') as id;

create temp table before as
select * from test.tasks('send_email');

select throws_ok(
  $$ select kanthorq_task_resume('send_email', (select array_agg(id) from task), schedule_at => 'infinity') $$,
  'KQ003', 'schedule_at is infinity',
  'a task that would never be due is refused'
);

select throws_ok(
  $$ select kanthorq_task_resume('send_email', (select array_agg(id) from task), schedule_at => '-infinity') $$,
  'KQ003', 'schedule_at is -infinity',
  'so is a time before all times'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'nothing has changed'
);

select * from finish();

rollback;
