begin;

-- Five events that were read. The task of the fourth one is lost.
create temp table task as
select n, test.task(test.consumer(), 'completed', finalized_at => 5000) as id from generate_series(1, 5) n;

select test.as_owner(format('update kanthorq_consumer_registry set cursor = %L', max(id))) from task;

select test.as_owner(format('delete from %s where event_id = %L', test.task_table('send_email'), id)) from task where n = 4;

select plan(6);

select is(
  (select r.purged from kanthorq_task_purge_batch('send_email', now(), max_tasks => 1) r), 1::bigint, 'the oldest task is purged'
);

select results_eq(
  $$ select detail ~ 'has no task for 1 events' from kanthorq_doctor() where "check" = 'missed events' $$,
  array[true],
  'the doctor reports the lost one only'
);

select is(kanthorq_task_operation_purge('infinity'), 0::bigint, 'the log keeps the purge that went furthest');

select is((select r.purged from kanthorq_task_purge_batch('send_email', now()) r), 3::bigint, 'another one goes on');

select is_empty(
  $$ select * from kanthorq_doctor() where "check" = 'missed events' $$, 'before the last purged task an event may have had one'
);

select is(kanthorq_task_operation_purge('infinity'), 1::bigint, 'of two purges the log keeps one');

select * from finish();

rollback;
