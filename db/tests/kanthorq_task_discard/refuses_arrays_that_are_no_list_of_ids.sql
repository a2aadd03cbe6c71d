begin;

select plan(6);

select throws_ok(
  $$ select kanthorq_task_discard('send_email', null) $$,
  'KQ003', 'event_ids is null',
  'a null array is refused'
);

select throws_ok(
  $$ select kanthorq_task_discard('send_email', '{{a,b},{c,d}}') $$,
  'KQ003', 'event_ids has 2 dimensions',
  'a multi-dimensional array is refused'
);

select throws_ok(
  $$ select kanthorq_task_discard('send_email', array['a', 'b', null, null]) $$,
  'KQ003', 'event_ids[3] is null',
  'a null id is refused, and the message names the first'
);

select throws_ok(
  $$ select kanthorq_task_discard('send_email', array['a', '', 'b', '']) $$,
  'KQ003', 'event_ids[2] is empty',
  'an empty id is refused, and the message names the first'
);

select throws_ok(
  $$ select kanthorq_task_discard('send_email', '[0:1]={a,NULL}') $$,
  'KQ003', 'event_ids[1] is null',
  'the message counts as the array does'
);

select throws_ok(
  $$ select kanthorq_task_discard('nobody', null) $$,
  'KQ003', 'event_ids is null',
  'the ids are looked at before the consumer'
);

select * from finish();

rollback;
