begin;

select plan(3);

create temp table consumer as
select * from kanthorq_consumer_register('event_log', 'send_email', '{>}');

select results_eq(
  $$ select stream_id::text, stream_name::text from consumer $$,
  $$ select id::text, name::text from kanthorq_stream_register('event_log') $$,
  'the consumer belongs to the stream of that name'
);

select matches(
  kanthorq_stream_publish('event_log', 'order.created', 'body'),
  '^event_',
  'the stream that was new can be published to'
);

select results_eq(
  $$ select stream_id::text from kanthorq_consumer_register('event_log', 'send_sms', '{>}') $$,
  $$ select stream_id::text from consumer $$,
  'a second consumer of the stream shares it'
);

select * from finish();

rollback;
