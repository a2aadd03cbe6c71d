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

-- What the tables look like after so many operations on each.
create temp table look as
select name, 0 as operations, to_jsonb(t) as row from consumer, test.tasks(name) t;

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

insert into look select name, 1, to_jsonb(t) from consumer, test.tasks(name) t;

create temp table undone as
select o.consumer_name as name, o.event_ids, u.* from kanthorq_task_operations() o, kanthorq_task_undo(o.id) u;

insert into look select name, 2, to_jsonb(t) from consumer, test.tasks(name) t;

do $$
begin
  for n in 3 .. 5 loop
    perform kanthorq_task_undo(max(o.id)) from kanthorq_task_operations() o group by o.consumer_name;
    insert into look select name, n, to_jsonb(t) from consumer, test.tasks(name) t;
  end loop;
end
$$;

select plan(4 * 6);

select isnt(updated, '{}', name || ' moves some tasks') from done;

select results_eq(
  format('select updated, noop from undone where name = %L', name),
  format('select event_ids, ''{}''::text[] from undone join done using (name) where name = %L and event_ids @> done.updated', name),
  name || ': what was moved is moved back, and told in the order that the log has'
)
from consumer;

select set_eq(
  format('select row from look where name = %L and operations = %s', name, operations),
  format('select row from look where name = %L and operations = %s', name, operations % 2),
  format('%s: %s', name, description)
)
from consumer, (values
  (2, 'an undo restores all columns of all tasks'),
  (3, 'undoing the undo does it again, to the last column'),
  (4, 'undoing that restores once more'),
  (5, 'and so on')
) v (operations, description);

rollback;
