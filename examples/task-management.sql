-- Task management from psql: cancel, resume, explain, undo.
--
--   psql "$DATABASE_URL" -f examples/task-management.sql
--
-- DATABASE_URL names a database with kanthorq-tasks and without this consumer.
\set ON_ERROR_STOP on
\pset footer off

\echo 'A consumer, send_email, and a task of it in every state'
select id, name from kanthorq_stream_register('order_update');
select id, name, subject_includes, attempt_max
from kanthorq_consumer_register('order_update', 'send_email', '{order.>}');

select kanthorq_stream_publish('order_update', 'order.parked', '{"order": 42}') as pending,
       kanthorq_stream_publish('order_update', 'order.queued', '{"order": 42}') as available,
       kanthorq_stream_publish('order_update', 'order.retrying', '{"order": 42}') as retryable,
       kanthorq_stream_publish('order_update', 'order.sending', '{"order": 42}') as running,
       kanthorq_stream_publish('order_update', 'order.sent', '{"order": 42}') as completed,
       kanthorq_stream_publish('order_update', 'order.bounced', '{"order": 42}') as discarded
\gset
select event_id, subject, state from kanthorq_task_convert('send_email', array[:'pending'], 'pending')
union all
select event_id, subject, state from kanthorq_task_convert('send_email', array[:'available'], 'available')
union all
select event_id, subject, state from kanthorq_task_convert('send_email', array[:'retryable'], 'retryable')
union all
select event_id, subject, state from kanthorq_task_convert('send_email', array[:'running'], 'running')
union all
select event_id, subject, state from kanthorq_task_convert('send_email', array[:'completed'], 'completed')
union all
select event_id, subject, state from kanthorq_task_convert('send_email', array[:'discarded'], 'discarded');

\echo 'Cancel a mix of them: only pending, available and retryable tasks can be cancelled'
select unnest(updated) as updated, unnest(noop) as noop
from kanthorq_task_cancel(
  consumer => 'send_email',
  event_ids => array[:'pending', :'available', :'retryable', :'running', :'completed', 'event_unknown'],
  reason => 'the customer called'
);

\echo 'The tasks as they are now'
select event_id, subject, state, attempt_count, schedule_at
from kanthorq_task_find('send_email', oldest_first => true);

\echo 'Resume the cancelled tasks and a discarded one: workers will take them'
select unnest(updated) as updated, unnest(noop) as noop
from kanthorq_task_resume(
  consumer => 'send_email',
  event_ids => array[:'pending', :'available', :'retryable', :'discarded', :'running']
);

\echo 'Ask why a task can or cannot be cancelled'
select state, why, next_run_at
from kanthorq_task_explain('send_email', array[:'pending', :'running', :'completed', 'event_unknown']);

\echo 'Undo the last operation of the log, where nothing has changed the tasks since'
select id, action, reason, actor, tasks, from_states from kanthorq_task_operations('send_email');
select unnest(updated) as updated, unnest(noop) as noop
from kanthorq_task_undo((select max(id) from kanthorq_task_operations('send_email')), 'on second thoughts');

\echo 'Resume a task in an hour, with all its attempts, and roll back'
begin;
select updated from kanthorq_task_cancel('send_email', array[
  (select event_id from kanthorq_task_convert('send_email', array[kanthorq_stream_publish('order_update', 'order.late', '')]))
]) \gset
select * from kanthorq_task_resume('send_email', :'updated', schedule_at => now() + interval '1 hour', reset_attempts => true);
rollback;

\echo 'The tasks in the end'
select event_id, subject, state, attempt_count, schedule_at
from kanthorq_task_find('send_email', oldest_first => true);
