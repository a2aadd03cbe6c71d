begin;

select plan(1);

create temp table consumer as
select * from kanthorq_consumer_register('event_log', 'send_email', '{>}', visibility_timeout => 7200000);

create temp table before as
select date_trunc('milliseconds', clock_timestamp()) as at;

create temp table task as
select t.schedule_at
from
  kanthorq_stream_publish('event_log', 'order.created', 'body') id,
  kanthorq_task_convert('send_email', array[id]) t;

select results_eq(
  $$ select task.schedule_at - interval '2 hours' between before.at and clock_timestamp() from task, before $$,
  array[true],
  'the consumer''s visibility timeout counts, not the default'
);

select * from finish();

rollback;
