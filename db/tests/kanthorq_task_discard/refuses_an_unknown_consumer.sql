begin;

select plan(7);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  $$ select kanthorq_task_discard('nobody', '{a}') $$,
  'KQ001', $$there is no consumer 'nobody'$$,
  'a name that is not in the registry is refused'
);

select throws_ok(
  $$ select kanthorq_task_discard('nobody', '{}') $$,
  'KQ001', $$there is no consumer 'nobody'$$,
  'so it is with no ids at all'
);

select throws_ok(
  $$ select kanthorq_task_discard('Send_Email', '{a}') $$,
  'KQ001', $$there is no consumer 'Send_Email'$$,
  'names are case-sensitive'
);

select throws_ok(
  $$ select kanthorq_task_discard('send_email ', '{a}') $$,
  'KQ001', $$there is no consumer 'send_email '$$,
  'a blank at the end counts'
);

select throws_ok(
  $$ select kanthorq_task_discard('', '{a}') $$,
  'KQ001', $$there is no consumer ''$$,
  'the empty name is refused'
);

select throws_ok(
  $$ select kanthorq_task_discard('x''"; drop table kanthorq_consumer_registry; --', '{a}') $$,
  'KQ001', $$there is no consumer 'x''"; drop table kanthorq_consumer_registry; --'$$,
  'quotes and semicolons are part of the name'
);

select throws_ok(
  $$ select kanthorq_task_discard(repeat('n', 10000), '{a}') $$,
  'KQ001', format('there is no consumer %L…', repeat('n', 100)),
  'a very long name is refused'
);

select * from finish();

rollback;
