begin;

select plan(6);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', visibility_timeout => 0) $$,
  'KQ003', 'visibility_timeout is 0',
  'a timeout of nothing is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', visibility_timeout => -300000) $$,
  'KQ003', 'visibility_timeout is -300000',
  'a negative one is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', visibility_timeout => null) $$,
  'KQ003', 'visibility_timeout is null',
  'null is refused'
);

select results_eq(
  $$ select visibility_timeout from kanthorq_consumer_register('event_log', 'send_email', '{>}', visibility_timeout => 1) $$,
  array[1::bigint],
  'a millisecond is the least'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', visibility_timeout => 3155760000001) $$,
  'KQ003', 'visibility_timeout is 3155760000001',
  'more than a hundred years is refused'
);

select results_eq(
  $$ select visibility_timeout
     from kanthorq_consumer_register('event_log', 'send_sms', '{>}', visibility_timeout => 3155760000000) $$,
  array[3155760000000::bigint],
  'a hundred years is the most'
);

select * from finish();

rollback;
