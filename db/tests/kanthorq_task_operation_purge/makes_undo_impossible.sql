begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table operation as
select id from kanthorq_task_operations();

select is(kanthorq_task_operation_purge(now() + interval '1 hour'), 1::bigint, 'the log is purged');

select throws_ok(
  format($$ select kanthorq_task_undo(%s) $$, id),
  'KQ004', format('there is no operation %s', id),
  'the operation can''t be undone any more'
)
from operation;

select results_eq(
  $$ select state from test.tasks('send_email') $$,
  array['cancelled'],
  'and its task is as it was'
);

select * from finish();

rollback;
