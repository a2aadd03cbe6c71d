begin;

create temp table event_log as
select * from kanthorq_stream_register('event_log');

select plan(6);

create temp table made as
select * from kanthorq_consumer_register('event_log', 'send_email', '{order.>}')
union all
select * from kanthorq_consumer_register(
  'event_log', 'send_sms', '{order.>,user.*}', subject_excludes => '{order.internal.>,user.internal}', attempt_max => 2, visibility_timeout => 2000
);

select results_eq(
  $$ select name::text, kind::integer, subject_includes::text[], subject_excludes::text[], attempt_max::integer, visibility_timeout
     from made order by name $$,
  $$ values
       ('send_email', 1, '{order.>}'::text[], '{}'::text[], 16, 300000::bigint),
       ('send_sms', 1, '{order.>,user.*}', '{order.internal.>,user.internal}', 2, 2000) $$,
  'what is given is stored; what is not has KanthorQ''s defaults: 16 attempts and five minutes'
);

select results_eq(
  $$ select test.read('select * from public.kanthorq_consumer_registry where name = ''send_sms''') $$,
  $$ select to_jsonb(r) from kanthorq_consumer_register('event_log', 'send_sms', '{>}') r $$,
  'the result is the row of the registry'
);

select results_eq(
  $$ select attempt_max::integer, visibility_timeout
     from (values ('least', 1, 1001::bigint), ('most', 32767, 3155760000000)) v (name, attempts, timeout),
       kanthorq_consumer_register('event_log', v.name, '{>}', attempt_max => attempts, visibility_timeout => timeout) $$,
  $$ values (1, 1001::bigint), (32767, 3155760000000) $$,
  'there may be 1 to 32767 attempts, and a timeout of more than a second, up to a hundred years'
);

select results_eq(
  $$ select subject_includes = subject_excludes, subject_includes::text[]
     from (values (array['>', '*', '*.*.east.>', 'order.>', 'order', 'order.*.v1', 'EU-1.a_b.>', repeat('f', 256)])) v (filters),
       kanthorq_consumer_register('event_log', 'all_filters', filters, filters) $$,
  $$ values (true, array['>', '*', '*.*.east.>', 'order.>', 'order', 'order.*.v1', 'EU-1.a_b.>', repeat('f', 256)]) $$,
  'tokens, * for one of them and > at the end are a filter, up to 256 characters'
);

create temp table event as
select kanthorq_stream_publish('event_log', 'order.created', 'body') as id;

create temp table cursor as
select cursor::text from kanthorq_consumer_register('event_log', 'send_email', '{>}');

select matches((select cursor from cursor), '^event_[0-9a-hjkmnp-tv-z]{10}0{16}$', 'the cursor has the form of an event id');

select results_eq('select cursor < id from cursor, event', array[true], 'events of the stream come after it');

rollback;
