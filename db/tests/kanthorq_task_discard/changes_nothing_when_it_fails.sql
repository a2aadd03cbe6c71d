begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id from generate_series(1, 2);

create temp table before as
select * from test.tasks('send_email');

select throws_ok(
  $$ select kanthorq_task_discard('send_email', (select array_agg(id) || null::text from task)) $$,
  'KQ003', 'event_ids[3] is null',
  'good ids do not make up for a null one'
);

select throws_ok(
  $$ select kanthorq_task_discard('send_email', (select array_agg(id) || ''::text from task)) $$,
  'KQ003', 'event_ids[3] is empty',
  'nor for an empty one'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'the tasks of the good ids are as they were'
);

select * from finish();

rollback;
