begin;

select plan(1);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task), 'INC-42');

select test.drop_task_table('send_email');

select test.as_owner('delete from kanthorq_consumer_registry where name = ''send_email''');

select results_eq(
  $$ select reason, from_states from kanthorq_task_operations('send_email') $$,
  $$ values ('INC-42', '{"available": 1}'::jsonb) $$,
  'what was done to a consumer can be read when the consumer is gone'
);

select * from finish();

rollback;
