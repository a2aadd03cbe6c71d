begin;

select plan(2);

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table before as
select floor(extract(epoch from clock_timestamp()) * 1000) as at;

create temp table event as
select kanthorq_stream_publish('event_log', 'order.created', 'body') as id from generate_series(1, 1000);

-- The milliseconds are digits 1 to 10 of the ULID, in Crockford's base 32.
create temp table decoded as
select id, sum((position(substr(id, 6 + d, 1) in '0123456789abcdefghjkmnpqrstvwxyz') - 1)::bigint << 5 * (10 - d)) as at
from event, generate_series(1, 10) d
group by id;

select results_eq(
  $$ select count(*) from decoded, before where decoded.at between before.at and extract(epoch from clock_timestamp()) * 1000 $$,
  array[1000::bigint],
  'the time part of each id is when it was made'
);

select results_eq(
  $$ select count(*) from event where id ~ '^event_[0-7][0-9a-hjkmnp-tv-z]{25}$' $$,
  array[1000::bigint],
  'each is a lower-case ULID'
);

rollback;
