begin;

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table before as
select floor(extract(epoch from clock_timestamp()) * 1000) as at;

create temp table event as
select n, kanthorq_stream_publish('event_log', 'order.created', 'body') as id from generate_series(1, 2000) n;

select plan(13);

select is_empty(
  $$ select id from event where id !~ '^event_[0-7][0-9a-hjkmnp-tv-z]{25}$' $$, 'each id is a lower-case ULID'
);

-- The milliseconds are digits 1 to 10 of the ULID, in Crockford's base 32.
select is_empty(
  $$ select id
     from event, before, lateral (
       select sum((position(substr(id, 6 + d, 1) in '0123456789abcdefghjkmnpqrstvwxyz') - 1)::bigint << 5 * (10 - d)) as at
       from generate_series(1, 10) d
     ) decoded
     where decoded.at not between before.at and extract(epoch from clock_timestamp()) * 1000 $$,
  'the time part of each is when it was made'
);

select is_empty(
  'select id from (select id, lag(id) over (order by n) as previous from event) e where id <= previous',
  'each of 2,000 ids of a statement sorts after the one that was made before it'
);

create function pg_temp.publish_with(setting text)
returns text
language plpgsql
as $$
begin
  perform set_config('kanthorq.last_id_at', setting, true);
  return kanthorq_stream_publish('event_log', 'order.created', 'body');
end
$$;

-- Four digits of the ULID change every twelve days, so only a setting can make ids that begin otherwise.
select matches(
  pg_temp.publish_with(setting),
  '^' || (select left(id, 10) from event where n = 1) || '[0-9a-hjkmnp-tv-z]{22}$',
  format('an id is good with %L in kanthorq.last_id_at', setting)
)
from unnest(array[
  '', 'x', '-1', '1e9', e'1\n', '0', '99999999999999999999', '999999999999999999', '1000000000000000', '4000000000000000'
]) setting;

rollback;
