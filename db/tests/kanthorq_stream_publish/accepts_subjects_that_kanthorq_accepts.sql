begin;

select plan(2);

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table subject as
select * from unnest(array['event', 'event-log', 'EVENT.log', 'event.log-1', 'a_b.c-d', '1', repeat('s', 256)]) s (subject);

select results_eq(
  $$ select count(kanthorq_stream_publish('event_log', subject, 'body')) from subject $$,
  array[7::bigint],
  'letters, digits and single dots, hyphens and underscores between them make a subject, up to 256 characters'
);

select set_eq(
  format('select test.read(%L)', format('select subject from public.%I', (select 'kanthorq_' || id from stream))),
  $$ select jsonb_build_object('subject', subject) from subject $$,
  'they are stored as they are'
);

select * from finish();

rollback;
