begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table gone as
select relname as name from pg_class where oid = test.task_table('send_email');

select test.drop_task_table('send_email');

select throws_ok(
  $$ select kanthorq_task_undo(id) from kanthorq_task_operations() $$,
  'KQ002', (select format('the table public.%s of consumer ''send_email'' is gone', name) from gone),
  'without its table, the consumer is broken'
);

select test.as_owner('delete from kanthorq_consumer_registry where name = ''send_email''');

select throws_ok(
  $$ select kanthorq_task_undo(id) from kanthorq_task_operations() $$,
  'KQ001', 'there is no consumer ''send_email''',
  'without its registry row, there is none'
);

select * from finish();

rollback;
