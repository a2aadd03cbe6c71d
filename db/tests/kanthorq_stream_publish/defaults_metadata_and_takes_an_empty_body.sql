begin;

select plan(2);

create temp table stream as
select * from kanthorq_stream_register('event_log');

select matches(
  kanthorq_stream_publish('event_log', 'order.created', ''),
  '^event_',
  'an empty body is fine'
);

select results_eq(
  format('select test.read(%L)', format('select body, metadata from public.%I', (select 'kanthorq_' || id from stream))),
  $$ values ('{"body": "\\x", "metadata": {}}'::jsonb) $$,
  'it is stored as it is, and metadata is an empty object'
);

select * from finish();

rollback;
