begin;

select plan(4);

create temp table stream as
select * from kanthorq_stream_register('event_log');

select throws_ok(
  $$ select kanthorq_stream_publish('nothing', 'order.created', 'body') $$,
  'KQ001', $$there is no stream 'nothing'$$,
  'a name that is not in the registry is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('Event_Log', 'order.created', 'body') $$,
  'KQ001', $$there is no stream 'Event_Log'$$,
  'names are case-sensitive'
);

select throws_ok(
  $$ select kanthorq_stream_publish('x''; drop table t; --', 'order.created', 'body') $$,
  'KQ001', $$there is no stream 'x''; drop table t; --'$$,
  'quotes and semicolons are part of the name'
);

select throws_ok(
  $$ select kanthorq_stream_publish(null, 'order.created', 'body') $$,
  'KQ003', 'stream is null',
  'a null stream is a bad argument'
);

select * from finish();

rollback;
