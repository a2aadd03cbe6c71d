begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'retryable', attempt_count => 2) as id;

create temp table before as
select * from test.tasks('send_email');

create temp table event as
select kanthorq_stream_publish('send_email_stream', 'order.paid', 'body') as id;

select results_eq(
  $$ select event_id from kanthorq_task_convert('send_email', (select array[task.id, event.id] from task, event)) $$,
  $$ select id from event $$,
  'an event that the consumer has a task for gives none again'
);

select results_eq(
  $$ select * from test.tasks('send_email') where event_id = (select id from task) $$,
  'select * from before',
  'the task that was there is as it was'
);

select * from finish();

rollback;
