begin;

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

create temp table done as
select n, updated from task, kanthorq_task_cancel('send_email', array[id], n::text);

create temp table oldest as
select min(id) as id from kanthorq_task_operations();

select test.as_owner('update kanthorq_task_operation set at = timestamptz ''2024-01-01Z'' + reason::integer * interval ''1 day''');

select plan(7);

select throws_ok('select kanthorq_task_operation_purge(null)', 'KQ003', 'before is null', 'null is no point in time');

select is(kanthorq_task_operation_purge('2024-01-02Z'), 0::bigint, 'what is just as old stays');

select is(kanthorq_task_operation_purge('2024-01-03 00:00:00.001Z'), 2::bigint, 'what is older goes, and is counted');

select results_eq('select reason from kanthorq_task_operations()', array['3'], 'the rest is still there');

select throws_ok(
  format($$ select kanthorq_task_undo(%s) $$, id),
  'KQ004', format('there is no operation %s', id),
  'an operation that is gone can''t be undone any more'
)
from oldest;

select is(kanthorq_task_operation_purge('infinity'), 1::bigint, 'before the end of time, all are');

select set_eq('select state from test.tasks(''send_email'')', array['cancelled'], 'tasks are not touched');

rollback;
