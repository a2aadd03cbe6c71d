begin;

create temp table task as
select test.task(test.consumer(), 'retryable') as id;

create temp table event as
select kanthorq_stream_publish('send_email_stream', 'order.created', 'new') as id;

select plan(4);

select kanthorq_consumer_hold('send_email');

select is_empty('select * from kanthorq_task_pull(''send_email'')', 'a held consumer gives nothing');

select kanthorq_consumer_hold('send_email', intake_only => true);

select results_eq(
  'select event_id from kanthorq_task_pull(''send_email'')', 'select id from task', 'one whose intake is held gives what it has already'
);

select kanthorq_consumer_release('send_email');

select results_eq('select event_id from kanthorq_task_pull(''send_email'')', 'select id from event', 'then it goes on where it was');

-- What was purged is not late.
select test.update('send_email', 'state = 101, finalized_at = 1000');

select test.as_owner('select kanthorq_task_purge_batch(''send_email'', now())');

select is_empty('select * from kanthorq_task_pull(''send_email'')', 'a task that was purged does not come back');

rollback;
