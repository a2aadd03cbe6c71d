begin;

select plan(2);

select throws_ok(
  $$ select kanthorq_consumer_register('event-log', 'send_email', '{>}') $$,
  'KQ003', $$'event-log' is not a stream name$$,
  'the stream''s name has to be one'
);

select throws_ok(
  $$ select kanthorq_consumer_register(null, 'send_email', '{>}') $$,
  'KQ003', 'the stream name is null',
  'it may not be null'
);

select * from finish();

rollback;
