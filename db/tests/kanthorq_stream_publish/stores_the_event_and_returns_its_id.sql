begin;

select plan(2);

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table event as
select kanthorq_stream_publish('event_log', 'order.created', '\x00ff', '{"customer": "42"}') as id;

select matches(
  (select id from event),
  '^event_[0-9a-hjkmnp-tv-z]{26}$',
  'the id is event_ and 26 lower-case characters of Crockford''s alphabet'
);

select results_eq(
  format('select test.read(%L)', format('select * from public.%I', (select 'kanthorq_' || id from stream))),
  $$ select jsonb_build_object(
       'id', id, 'subject', 'order.created', 'body', '\x00ff', 'metadata', '{"customer": "42"}'::jsonb,
       'created_at', round(extract(epoch from current_timestamp) * 1000))
     from event $$,
  'the stream''s table holds what was given, and the time'
);

select * from finish();

rollback;
