begin;

select plan(3);

create temp table consumer as
select test.consumer() as name;

select is(kanthorq_task_count('send_email'), 0::bigint, 'a new consumer has no tasks');

create temp table task as
select id from test.tasks_in_bulk('send_email', 'completed', 150) id
union all
select test.task('send_email', state)
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select is(kanthorq_task_count('send_email'), 157::bigint, 'all tasks are counted, whatever their state');

select is(
  kanthorq_task_count('send_email', null, null, null, null, null, null), 157::bigint,
  'null is no filter'
);

rollback;
