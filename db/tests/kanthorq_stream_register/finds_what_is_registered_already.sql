-- Streams and consumers.
begin;

create temp table first as
select * from kanthorq_stream_register('send_email_stream');

create temp table task as
select test.task(test.consumer(attempt_max => 3), 'available') as id;

create temp table first_consumer as
select test.read('select * from public.kanthorq_consumer_registry') as row;

select plan(11);

select results_eq(
  $$ select id, name, created_at from kanthorq_stream_register('send_email_stream') $$,
  $$ select id, name, created_at from first $$,
  'registering a name again returns the same stream'
);

select results_eq(
  format('select test.read(%L)', format('select id from %I', (select 'kanthorq_' || id from first))),
  $$ select jsonb_build_object('id', id) from task $$,
  'its events are still there'
);

select isnt(
  (select id from kanthorq_stream_register('send_email_STREAM')),
  (select id from first),
  'names of streams are case-sensitive'
);

select results_eq(
  $$ select to_jsonb(r) - 'updated_at'
     from kanthorq_consumer_register('send_email_stream', 'send_email', '{user.>}', '{user.x}', 9, 9000) r $$,
  $$ select row - 'updated_at' from first_consumer $$,
  'registering a name again returns the same consumer, as it was registered first'
);

select results_eq($$ select event_id from test.tasks('send_email') $$, $$ select id from task $$, 'its tasks are still there');

select results_eq(
  $$ select row ->> 'stream_id', row ->> 'stream_name' from first_consumer $$,
  $$ select id::text, name::text from first $$,
  'a consumer belongs to the stream of that name'
);

-- A consumer registers the stream that it is of.
create temp table other as
select * from kanthorq_consumer_register('event_log', 'send_sms', '{>}');

select matches(
  kanthorq_stream_publish('event_log', 'order.created', 'body'), '^event_',
  'a stream that was registered with a consumer can be published to'
);

select results_eq(
  $$ select stream_id::text from kanthorq_consumer_register('event_log', 'send_push', '{>}') $$,
  $$ select stream_id::text from other $$,
  'a second consumer of the stream shares it'
);

select throws_ok(
  $$ select kanthorq_consumer_register('user_log', 'send_sms', '{>}') $$,
  'KQ003', $$consumer 'send_sms' belongs to stream 'event_log', not 'user_log'$$,
  'a name that a consumer of another stream has is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('user_log', 'user.created', 'body') $$,
  'KQ001', $$there is no stream 'user_log'$$,
  'the other stream is not registered'
);

select results_eq(
  $$ select test.read('select * from public.kanthorq_consumer_registry where name = ''send_sms''') $$,
  $$ select to_jsonb(other) from other $$,
  'the consumer is as it was'
);

rollback;
