begin;

select plan(1);

create temp table stream as
select * from kanthorq_stream_register('event_log');

do $$
begin
  perform test.as_owner(format('drop table %I', 'kanthorq_' || id)) from stream;
end
$$;

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body') $$,
  'KQ002', (select format('the table public.kanthorq_%s of stream ''event_log'' is gone', id) from stream),
  'a stream whose table was dropped is broken'
);

select * from finish();

rollback;
