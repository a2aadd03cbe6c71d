begin;

-- A worker, KanthorQ's own calls and ours each change one of these five columns at least; workers write the others too.
create temp table touch (n integer, assignments text, is_left boolean);

insert into touch values
  (1, 'state = public._kanthorq_task_state(''completed'')', true),
  (2, 'schedule_at = schedule_at + 1', true),
  (3, 'finalized_at = finalized_at + 1', true),
  (4, 'attempt_count = attempt_count + 1', true),
  (5, 'updated_at = updated_at + 1', true),
  (6, 'attempted_at = 5, attempted_error = array[''{}''::jsonb], metadata = ''{"a": 1}''', false),
  (7, 'subject = subject', false);

create temp table task as
select action, touch.*, test.task(test.consumer(action), from_state, attempt_count => 4, finalized_at => 777) as id
from test.transitions(), touch;

-- Operations of other consumers are none of this one's, though they are of the same time.
do $$
begin
  perform test.move(action, action, array_agg(id order by n)) from task group by action;
  perform test.update(action, assignments, id) from task;
end
$$;

create temp table before as
select t.* from test.transitions() a, test.tasks(a.action) t;

create temp table undone as
select o.action, u.* from kanthorq_task_operations() o, kanthorq_task_undo(o.id) u;

select plan(3 + 1);

select results_eq(
  format('select updated, noop from undone where action = %L', action),
  format('select array_agg(id order by n) filter (where not is_left), array_agg(id order by n) filter (where is_left) from task where action = %L', action),
  format('undo of %s puts back what is as the operation left it, in each of the columns that operations write', action)
)
from test.transitions();

select set_eq(
  'select t.* from test.transitions() a, test.tasks(a.action) t except select * from before',
  $$ select t.* from task join test.transitions() a using (action), test.tasks(a.action) t
     where not is_left and t.event_id = id and t.state = a.from_state and t.finalized_at = 777 $$,
  'the others are as they were'
);

rollback;
