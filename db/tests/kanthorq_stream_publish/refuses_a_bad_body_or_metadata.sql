begin;

select plan(6);

create temp table stream as
select * from kanthorq_stream_register('event_log');

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', null) $$,
  'KQ003', 'body is null',
  'a null body is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body', null) $$,
  'KQ003', 'metadata is null',
  'null metadata is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body', 'null') $$,
  'KQ003', 'metadata is null',
  'so is a JSON null'
);

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body', '[{}]') $$,
  'KQ003', 'metadata is array',
  'an array is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body', '"text"') $$,
  'KQ003', 'metadata is string',
  'a string is refused'
);

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body', '42') $$,
  'KQ003', 'metadata is number',
  'a number is refused'
);

select * from finish();

rollback;
