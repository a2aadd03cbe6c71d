begin;

select plan(7);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{}') $$,
  'KQ003', 'subject_includes is empty',
  'a consumer of no subject is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', null) $$,
  'KQ003', 'subject_includes is not a one-dimensional array',
  'null includes are refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', null) $$,
  'KQ003', 'subject_excludes is not a one-dimensional array',
  'null excludes are refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{{a,b},{c,d}}') $$,
  'KQ003', 'subject_includes is not a one-dimensional array',
  'a multi-dimensional list is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', '{{a,b},{c,d}}') $$,
  'KQ003', 'subject_excludes is not a one-dimensional array',
  'so it is among the excludes'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', array['>', null]) $$,
  'KQ003', 'null in subject_includes is not a subject filter',
  'a null filter is refused'
);

select throws_ok(
  $$ select kanthorq_consumer_register('event_log', 'send_email', '{>}', array[null]) $$,
  'KQ003', 'null in subject_excludes is not a subject filter',
  'so it is among the excludes'
);

select * from finish();

rollback;
