begin;

select plan(5);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', attempt_max => 0) $$,
  'KQ003', 'attempt_max is 0',
  'there is no consumer without attempts'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', attempt_max => -1) $$,
  'KQ003', 'attempt_max is -1',
  'a negative number is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', attempt_max => 32768) $$,
  'KQ003', 'attempt_max is 32768',
  'a number that the column cannot hold is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', attempt_max => null) $$,
  'KQ003', 'attempt_max is null',
  'null is refused'
);

select results_eq(
  $$ select attempt_max::integer
     from unnest(array[1, 32767]) n, kanthorq_consumer_register('event_log', 'c' || n, '{>}', attempt_max => n) $$,
  array[1, 32767],
  'the least and the most are 1 and 32767'
);

select * from finish();

rollback;
