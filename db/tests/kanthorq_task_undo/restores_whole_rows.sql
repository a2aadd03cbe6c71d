begin;

-- Each transition, and a resume for later that gives all attempts back.
create temp table consumer as
select action, action as name, format('select * from test.move(%L, %L, $1)', action, action) as call from test.transitions()
union all
select 'resume', 'later', 'select * from kanthorq_task_resume(''later'', $1, schedule_at => ''2100-01-01'', reset_attempts => true)';

-- In each state, with attempts left and without, due and not; all with a time of their end, as nobody should have.
create temp table task as
select name, test.task(
  test.consumer(name, attempt_max => 3), state, attempt_count => attempts, schedule_at => due,
  finalized_at => 7000 + attempts,
  attempted_error => array['{"error": "smtp"}']::jsonb[]
) as id
from consumer,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[0, 2, 3, 5]) attempts,
  unnest(array[2000, 4102444800000]) due;

create temp table before as
select name, t.* from consumer, test.tasks(name) t;

create function pg_temp.call(call text, event_ids text[], out updated text[], out noop text[])
language plpgsql
as $$
begin
  execute call into updated, noop using event_ids;
end
$$;

-- Each with ids in an order that is neither theirs nor the index's.
create temp table done as
select name, r.*
from consumer c, pg_temp.call(call, (select array_agg(id order by md5(id)) from task t where t.name = c.name)) r;

create temp table operation as
select id, consumer_name as name, event_ids from kanthorq_task_operations();

create temp table undone as
select name, u.* from operation, kanthorq_task_undo(id) u;

select plan(4 * 3);

select isnt(updated, '{}', name || ' moves some tasks') from done;

select results_eq(
  format('select u.updated, u.noop from undone u where name = %L', name),
  format('select event_ids, ''{}''::text[] from operation join done using (name) where name = %L and event_ids @> updated', name),
  name || ': what was moved is moved back, and told in the order that the log has'
)
from consumer;

select results_eq(
  format('select %L, t.* from test.tasks(%1$L) t', name),
  format('select * from before where name = %L order by event_id', name),
  name || ': all columns of all tasks are as they were'
)
from consumer;

rollback;
