begin;

select plan(5);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

create temp table done as
select n, updated from task, kanthorq_task_cancel('send_email', array[id], n::text);

select test.as_owner('update kanthorq_task_operation set at = timestamptz ''2024-01-01Z'' + reason::integer * interval ''1 day''');

select is(kanthorq_task_operation_purge('2024-01-02Z'), 0::bigint, 'what is just as old stays');

select is(kanthorq_task_operation_purge('2024-01-03 00:00:00.001Z'), 2::bigint, 'what is older goes, and is counted');

select results_eq('select reason from kanthorq_task_operations()', array['3'], 'the rest is still there');

select is(kanthorq_task_operation_purge('infinity'), 1::bigint, 'before the end of time, all are');

select results_eq(
  $$ select state, count(*) from test.tasks('send_email') group by state $$,
  $$ values ('cancelled', 3::bigint) $$,
  'tasks are not touched'
);

select * from finish();

rollback;
