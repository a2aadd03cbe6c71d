begin;

select plan(2);

create temp table event as
select kanthorq_stream_publish(test.consumer('send_email') || '_stream', 'order.created', 'body') as id;

create temp table other as
select name from kanthorq_consumer_register('send_email_stream', 'send_sms', '{>}');

select results_eq(
  $$ select event_id from kanthorq_task_convert('send_email', (select array_agg(id) from event)) $$,
  $$ select id from event $$,
  'the named consumer gets a task'
);

select is_empty(
  'select * from test.tasks(''send_sms'')',
  'another consumer of the stream gets none'
);

select * from finish();

rollback;
