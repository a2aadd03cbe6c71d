begin;

select plan(3);

create temp table consumer as
select * from kanthorq_consumer_register('event_log', 'send_email', '{>}');

select throws_ok(
  $$ select kanthorq_consumer_register('user_log', 'send_email', '{>}') $$,
  'KQ003', $$consumer 'send_email' belongs to stream 'event_log', not 'user_log'$$,
  'a name that a consumer of another stream has is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('user_log', 'user.created', 'body') $$,
  'KQ001', $$there is no stream 'user_log'$$,
  'the other stream is not registered'
);

select results_eq(
  $$ select test.read('select * from public.kanthorq_consumer_registry') $$,
  $$ select to_jsonb(consumer) from consumer $$,
  'the consumer is as it was'
);

select * from finish();

rollback;
