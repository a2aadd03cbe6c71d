begin;

select plan(1);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id from generate_series(1, 2);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_discard('send_email', (select array_agg(id order by id desc) from task cross join generate_series(1, 2))) $$,
  $$ select array_agg(id order by id desc), '{}'::text[] from task $$,
  'an id that is given twice and updated is reported once'
);

select * from finish();

rollback;
