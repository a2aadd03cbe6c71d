-- Task management from psql: cancel, resume, explain, undo.
--
--   psql "$DATABASE_URL" -f examples/task-management.sql
--
-- DATABASE_URL names a database with kanthorq-tasks, such as that of npm run db, and without this consumer.
\set ON_ERROR_STOP on
\pset footer off

\echo 'A consumer, send_receipt, and a task of it in every state'
select id, name from kanthorq_stream_register('shop');
select id, name, subject_includes, attempt_max
from kanthorq_consumer_register('shop', 'send_receipt', '{order.>}');

select kanthorq_stream_publish('shop', 'order.parked', '{"order": 42}') as pending,
       kanthorq_stream_publish('shop', 'order.queued', '{"order": 42}') as available,
       kanthorq_stream_publish('shop', 'order.retrying', '{"order": 42}') as retryable,
       kanthorq_stream_publish('shop', 'order.sending', '{"order": 42}') as running,
       kanthorq_stream_publish('shop', 'order.sent', '{"order": 42}') as completed,
       kanthorq_stream_publish('shop', 'order.bounced', '{"order": 42}') as discarded
\gset
select event_id, subject, state from kanthorq_task_convert('send_receipt', array[:'pending'], 'pending')
union all
select event_id, subject, state from kanthorq_task_convert('send_receipt', array[:'available'], 'available')
union all
select event_id, subject, state from kanthorq_task_convert('send_receipt', array[:'retryable'], 'retryable')
union all
select event_id, subject, state from kanthorq_task_convert('send_receipt', array[:'running'], 'running')
union all
select event_id, subject, state from kanthorq_task_convert('send_receipt', array[:'completed'], 'completed')
union all
select event_id, subject, state from kanthorq_task_convert('send_receipt', array[:'discarded'], 'discarded');

\echo 'Cancel a mix of them: only pending, available and retryable tasks can be cancelled'
select unnest(updated) as updated, unnest(noop) as noop
from kanthorq_task_cancel(
  consumer => 'send_receipt',
  event_ids => array[:'pending', :'available', :'retryable', :'running', :'completed', 'event_unknown'],
  reason => 'the customer called'
);

\echo 'The tasks as they are now'
select event_id, subject, state, attempt_count, schedule_at
from kanthorq_task_find('send_receipt', oldest_first => true);

\echo 'Resume the cancelled tasks and a discarded one: workers will take them'
select unnest(updated) as updated, unnest(noop) as noop
from kanthorq_task_resume(
  consumer => 'send_receipt',
  event_ids => array[:'pending', :'available', :'retryable', :'discarded', :'running']
);

\echo 'Ask why a task can or cannot be cancelled'
select state, why, next_run_at
from kanthorq_task_explain('send_receipt', array[:'pending', :'running', :'completed', 'event_unknown']);

\echo 'Undo the last operation of the log, where nothing has changed the tasks since'
select id, action, reason, actor, tasks, from_states from kanthorq_task_operations('send_receipt');
select unnest(updated) as updated, unnest(noop) as noop
from kanthorq_task_undo((select max(id) from kanthorq_task_operations('send_receipt')), 'on second thoughts');

\echo 'Resume a task in an hour, with all its attempts, and roll back'
begin;
select updated from kanthorq_task_cancel('send_receipt', array[
  (select event_id from kanthorq_task_convert('send_receipt', array[kanthorq_stream_publish('shop', 'order.late', '')]))
]) \gset
select * from kanthorq_task_resume('send_receipt', :'updated', schedule_at => now() + interval '1 hour', reset_attempts => true);
rollback;

\echo 'The tasks in the end'
select event_id, subject, state, attempt_count, schedule_at
from kanthorq_task_find('send_receipt', oldest_first => true);
