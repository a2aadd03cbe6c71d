begin;

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table refusal (arguments text, code text, message text);

insert into refusal values
  ('''event_log'', ''order.created'', null', 'KQ003', 'body is null'),
  ('''event_log'', ''order.created'', ''body'', null', 'KQ003', 'metadata is null'),
  ('''event_log'', ''order.created'', ''body'', ''null''', 'KQ003', 'metadata is null'),
  ('''event_log'', ''order.created'', ''body'', ''[{}]''', 'KQ003', 'metadata is array'),
  ('''event_log'', ''order.created'', ''body'', ''"text"''', 'KQ003', 'metadata is string'),
  ('''event_log'', ''order.created'', ''body'', ''42''', 'KQ003', 'metadata is number'),
  ('''nothing'', ''order.created'', ''body''', 'KQ001', 'there is no stream ''nothing'''),
  ('''Event_Log'', ''order.created'', ''body''', 'KQ001', 'there is no stream ''Event_Log'''),
  ('''x''''; drop table t; --'', ''order.created'', ''body''', 'KQ001', 'there is no stream ''x''''; drop table t; --'''),
  ('null, ''order.created'', ''body''', 'KQ003', 'stream is null'),
  ('''event_log'', null, ''body''', 'KQ003', 'subject is null'),
  ('''event_log'', repeat(''s'', 257), ''body''', 'KQ003', 'subject has 257 characters');

insert into refusal
select format('''event_log'', %L, ''body''', subject), 'KQ003', format('''%s'' is not a subject', replace(subject, e'\n', '{000a}'))
from unnest(array[
  '$event.log', 'event.log+1', '_event', 'event_', 'event._log', 'event..log', '.event', 'event.log.', 'order.>', 'event log',
  e'event\n', 'événement', ''
]) subject;

select plan(1 + (select count(*)::integer from refusal));

select throws_ok(format('select kanthorq_stream_publish(%s)', arguments), code, message, arguments || ' is refused') from refusal;

select test.as_owner(format('drop table %I', 'kanthorq_' || id)) from stream;

select throws_ok(
  $$ select kanthorq_stream_publish('event_log', 'order.created', 'body') $$,
  'KQ002', (select format('the table public.kanthorq_%s of stream ''event_log'' is gone', id) from stream),
  'a stream whose table was dropped is broken'
);

rollback;
