begin;

select plan(3);

create temp table first as
select * from kanthorq_stream_register('event_log');

create temp table published as
select kanthorq_stream_publish('event_log', 'order.created', 'body') as id;

select results_eq(
  $$ select id, name, created_at from kanthorq_stream_register('event_log') $$,
  $$ select id, name, created_at from first $$,
  'registering a name again returns the same stream'
);

select results_eq(
  format('select test.read(%L)', format('select id from %I', (select 'kanthorq_' || id from first))),
  $$ select jsonb_build_object('id', id) from published $$,
  'its events are still there'
);

select isnt(
  (select id from kanthorq_stream_register('event_LOG')),
  (select id from first),
  'a name in another case is another stream'
);

select * from finish();

rollback;
