begin;

select plan(3);

select results_eq(
  $$ select name::text, kind::integer, subject_includes::text[], subject_excludes::text[], attempt_max::integer,
       visibility_timeout
     from kanthorq_consumer_register('event_log', 'send_email', '{order.>}') $$,
  $$ values ('send_email', 1, '{order.>}'::text[], '{}'::text[], 16, 300000::bigint) $$,
  'what is not given has KanthorQ''s defaults: 16 attempts and five minutes'
);

select results_eq(
  $$ select name::text, kind::integer, subject_includes::text[], subject_excludes::text[], attempt_max::integer,
       visibility_timeout
     from kanthorq_consumer_register(
       'event_log', 'send_sms', '{order.>,user.*}',
       subject_excludes => '{order.internal.>}', attempt_max => 2, visibility_timeout => 2000) $$,
  $$ values ('send_sms', 1, '{order.>,user.*}'::text[], '{order.internal.>}'::text[], 2, 2000::bigint) $$,
  'what is given is stored'
);

select results_eq(
  $$ select test.read('select * from public.kanthorq_consumer_registry where name = ''send_sms''') $$,
  $$ select to_jsonb(r) from kanthorq_consumer_register('event_log', 'send_sms', '{>}') r $$,
  'the result is the row of the registry'
);

select * from finish();

rollback;
