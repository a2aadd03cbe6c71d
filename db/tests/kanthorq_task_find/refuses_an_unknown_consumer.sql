begin;

select plan(3);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  $$ select kanthorq_task_find('nobody') $$,
  'KQ001', $$there is no consumer 'nobody'$$,
  'a name that is not in the registry is refused'
);

select throws_ok(
  $$ select kanthorq_task_find('Send_Email') $$,
  'KQ001', $$there is no consumer 'Send_Email'$$,
  'names are case-sensitive'
);

select throws_ok(
  $$ select kanthorq_task_find('nobody', '{failed}') $$,
  'KQ001', $$there is no consumer 'nobody'$$,
  'the consumer is looked at before the filter'
);

select * from finish();

rollback;
