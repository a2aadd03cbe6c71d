-- A task that was last updated in the future stands for calls in the same millisecond: the clock tells none of them apart.
begin;

select plan(5);

create temp table task as
select test.task(test.consumer(), 'available') as id;

select test.as_owner(format('update %s set updated_at = 9000000000000', test.task_table('send_email')));

do $$
begin
  perform kanthorq_task_cancel('send_email', (select array_agg(id) from task), '1');
  perform kanthorq_task_resume('send_email', (select array_agg(id) from task), '2');
  perform test.fail('send_email', id) from task;
  perform kanthorq_task_cancel('send_email', (select array_agg(id) from task), '3');
  -- As if all three had come in one.
  perform test.as_owner(format('update %s set finalized_at = %s', test.task_table('send_email'), floor(extract(epoch from o.at) * 1000)))
  from kanthorq_task_operations() o where o.reason = '3';
  perform test.as_owner('update kanthorq_task_operation set at = (select max(at) from kanthorq_task_operation)');
end
$$;

create temp table operation as
select id, reason from kanthorq_task_operations();

select results_eq(
  'select updated_at from test.tasks(''send_email'')',
  array[9000000000003],
  'each call makes updated_at grow'
);

select results_eq(
  $$ select cardinality(u.updated), cardinality(u.noop) from operation, kanthorq_task_undo(id) u where reason in ('1', '2') $$,
  $$ values (0, 1), (0, 1) $$,
  'what a later call has touched is left alone'
);

select is(test.state('send_email', (select id from task)), 'cancelled', 'and is as the later call made it');

select results_eq(
  $$ select cardinality(u.updated) from operation, kanthorq_task_undo(id) u where reason = '3' $$,
  array[1],
  'the last can be undone'
);

select results_eq(
  'select state, updated_at from test.tasks(''send_email'')',
  $$ values ('retryable', 9000000000002) $$,
  'to what it found'
);

select * from finish();

rollback;
