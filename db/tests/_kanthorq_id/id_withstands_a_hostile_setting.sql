begin;

select plan(10);

create temp table stream as
select * from kanthorq_stream_register('event_log');

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
create temp table fair as
select left(kanthorq_stream_publish('event_log', 'order.created', 'body'), 10) as beginning;

select matches(
  pg_temp.publish_with(setting),
  '^' || (select beginning from fair) || '[0-9a-hjkmnp-tv-z]{22}$',
  format('an id is good with %L in kanthorq.last_id_at', setting)
)
from unnest(array[
  '', 'x', '-1', '1e9', e'1\n', '0', '99999999999999999999', '999999999999999999', '1000000000000000', '4000000000000000'
]) setting;

rollback;
