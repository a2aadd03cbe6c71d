begin;

select plan(3);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  $$ select kanthorq_task_stats('nobody') $$,
  'KQ001', $$there is no consumer 'nobody'$$,
  'a name that is not in the registry is refused'
);

select throws_ok(
  $$ select kanthorq_task_stats('Send_Email') $$,
  'KQ001', $$there is no consumer 'Send_Email'$$,
  'names are case-sensitive'
);

select throws_ok(
  $$ select kanthorq_task_stats('') $$,
  'KQ001', $$there is no consumer ''$$,
  'an empty name is not the same as none'
);

select * from finish();

rollback;
