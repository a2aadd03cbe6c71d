begin;

select plan(2);

select results_eq(
  $$ select subject_includes::text[]
     from kanthorq_consumer_register(
       'event_log', 'send_email', array['>', '*', '*.*.east.>', 'order.>', 'order', 'order.*.v1', 'EU-1.a_b.>', repeat('f', 256)]) $$,
  $$ values (array['>', '*', '*.*.east.>', 'order.>', 'order', 'order.*.v1', 'EU-1.a_b.>', repeat('f', 256)]) $$,
  'tokens, * for one of them and > at the end are a filter, up to 256 characters'
);

select results_eq(
  $$ select subject_excludes::text[] from kanthorq_consumer_register('event_log', 'send_sms', '{>}', '{*.internal,order.>}') $$,
  $$ values ('{*.internal,order.>}'::text[]) $$,
  'so they are among the excludes'
);

select * from finish();

rollback;
