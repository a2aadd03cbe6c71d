begin;

create temp table stream as
select * from kanthorq_stream_register('event_log');

-- Letters, digits and single dots, hyphens and underscores between them make a subject, up to 256 characters.
create temp table given as
select subject, '\x00ff'::bytea as body, '{"customer": "42"}'::jsonb as metadata
from unnest(array['order.created', 'event', 'event-log', 'EVENT.log', 'event.log-1', 'a_b.c-d', '1', repeat('s', 256)]) subject;

create temp table event as
select given.*, kanthorq_stream_publish('event_log', subject, body, metadata) as id from given;

-- An empty body is fine; without metadata they are an empty object.
insert into event
select 'order.updated', '', '{}', kanthorq_stream_publish('event_log', 'order.updated', '');

select plan(2);

select is_empty(
  $$ select id from event where id !~ '^event_[0-9a-hjkmnp-tv-z]{26}$' $$,
  'the id is event_ and 26 lower-case characters of Crockford''s alphabet'
);

select set_eq(
  format('select test.read(%L)', format('select * from public.%I', (select 'kanthorq_' || id from stream))),
  -- The time is the first ten digits of the ULID, in Crockford's base 32.
  $$ select to_jsonb(e) || jsonb_build_object('created_at', (
       select sum((position(substr(id, 6 + d, 1) in '0123456789abcdefghjkmnpqrstvwxyz') - 1)::bigint << 5 * (10 - d))
       from generate_series(1, 10) d
     ))
     from event e $$,
  'the stream''s table holds what was given, and the time of the id'
);

rollback;
