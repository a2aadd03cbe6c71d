begin;

select plan(5);

create temp table task as
select n, test.task(test.consumer(), 'retryable', attempt_count => 1) as id from generate_series(1, 4) n;

create temp table cancelled as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

-- KanthorQ writes neither updated_at nor schedule_at. It resumes two tasks; a worker takes one, which fails, and it
-- cancels that again: the task is in the state that it had after our call, with the same updated_at.
create function pg_temp.kanthorq(assignments text, numbers int[])
returns void
language sql
as $$
  select test.as_owner(format('update %s set %s where event_id = %L', test.task_table('send_email'), assignments, id))
  from task where n = any (numbers)
$$;

select pg_temp.kanthorq('state = public._kanthorq_task_state(''running''), finalized_at = 0', '{1,2}');

select pg_temp.kanthorq('attempt_count = attempt_count + 1, schedule_at = schedule_at + 1', '{2}');

select test.fail('send_email', id) from task where n = 2;

select pg_temp.kanthorq(
  'state = public._kanthorq_task_state(''cancelled''), finalized_at = extract(epoch from now()) * 1000 + 60000', '{2}'
);

create temp table before as
select t.* from test.tasks('send_email') t where t.event_id in (select id from task where n <= 2);

select results_eq(
  $$ select test.state('send_email', id) from task order by n $$,
  array['running', 'cancelled', 'cancelled', 'cancelled'],
  'one was resumed, one was resumed and cancelled again'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_operations() o, kanthorq_task_undo(o.id) $$,
  $$ select array_agg(id order by id) filter (where n > 2), array_agg(id order by id) filter (where n <= 2) from task $$,
  'both are no-ops, the others are put back'
);

select results_eq(
  $$ select t.* from test.tasks('send_email') t where t.event_id in (select id from task where n <= 2) $$,
  'select * from before',
  'the no-ops are as KanthorQ left them'
);

-- The other way round: what we resumed is completed by a worker, or put back to retryable by one that had it still.
create temp table cancelled_again as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table resumed as
select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task));

select pg_temp.kanthorq('state = public._kanthorq_task_state(''completed''), finalized_at = 1', '{3}');

select pg_temp.kanthorq('state = public._kanthorq_task_state(''retryable'')', '{4}');

select results_eq(
  $$ select n from resumed, unnest(updated) u (id) join task using (id) order by n $$,
  array[2, 3, 4],
  'three are resumed then'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_operations(max_operations => 1) o, kanthorq_task_undo(o.id) $$,
  $$ select array_agg(id order by id) filter (where n = 2), array_agg(id order by id) filter (where n > 2)
     from task where n > 1 $$,
  'what was completed since, or failed, is a no-op'
);

select * from finish();

rollback;
