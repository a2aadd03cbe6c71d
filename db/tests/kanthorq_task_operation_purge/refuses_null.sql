begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

select throws_ok(
  'select kanthorq_task_operation_purge(null)',
  'KQ003', 'before is null',
  'null is no point in time'
);

select is((select count(*) from kanthorq_task_operations()), 1::bigint, 'nothing is purged');

select * from finish();

rollback;
