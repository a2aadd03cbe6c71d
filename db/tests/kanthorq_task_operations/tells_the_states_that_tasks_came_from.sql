begin;

create temp table task as
select i, state, test.task(test.consumer(), state, attempt_count => 9) as id
from generate_series(1, 4) i,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

-- In an order that is not that of the ids, each twice, and with one that is no task.
create temp table input as
select array_agg(id order by md5(id || n)) || 'unknown'::text as ids from task, generate_series(1, 2) n;

create temp table done as
select 'resume' as action, r.* from input, kanthorq_task_resume('send_email', ids) r
union all
select 'discard', d.* from kanthorq_task_discard('send_email', (select array_agg(id) from task where state = 'running')) d
union all
select 'cancel', c.* from input, kanthorq_task_cancel('send_email', ids) c;

select plan(2);

select results_eq(
  $$ select action, tasks, from_states from kanthorq_task_operations() order by action $$,
  $$ values
       ('cancel', 12::bigint, '{"pending": 4, "available": 4, "retryable": 4}'::jsonb), ('discard', 4, '{"running": 4}'),
       ('resume', 8, '{"cancelled": 4, "discarded": 4}') $$,
  'the tasks are counted, and the states that they were in'
);

select results_eq(
  $$ select o.action, array(select unnest(o.event_ids) order by 1) from kanthorq_task_operations() o order by action $$,
  $$ select action, array(select unnest(updated) order by 1) from done order by action $$,
  'each task that was moved is named once'
);

select * from finish();

rollback;
