begin;

-- Tasks in all states, each with all that discard wants of one, and in a table that has a column of a later version.
create temp table task as
select a.action, state, state = any (from_states) as is_taken, to_state, test.task(
  test.consumer(a.action), state, attempt_count => 4, schedule_at => 5000, finalized_at => 6000
) as id
from test.transitions() a,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select test.as_owner(format('alter table %s add column note text default ''kept''', test.task_table(action)))
from test.transitions();

-- Another consumer of the same stream, with tasks of the same events that could be moved as well.
create temp table other as
select c.action, t.event_id
from test.transitions() c,
  kanthorq_consumer_register(c.action || '_stream', c.action || '_other', '{>}', attempt_max => 3) r,
  kanthorq_task_convert(r.name, (select array_agg(id) from task where action = c.action), c.from_state) t;

select test.update(action || '_other', 'attempt_count = 4, schedule_at = 5000') from test.transitions();

create temp table before as
select action, t.* from test.transitions(), test.tasks(action) t
union all
select action, t.* from test.transitions(), test.tasks(action || '_other') t;

create temp table done as
select a.action, m.*
from test.transitions() a, test.move(a.action, a.action, (select array_agg(id order by id) from task where action = a.action)) m;

select plan(3 * 3 + 3);

select results_eq(
  format('select updated, noop from done where action = %L', action),
  format(
    'select array_agg(id order by id) filter (where is_taken), array_agg(id order by id) filter (where not is_taken)'
    ' from task where action = %L', action
  ),
  format('%s takes %s tasks, and no others', action, array_to_string(from_states, ', '))
)
from test.transitions();

select results_eq(
  format('select state from test.tasks(%L)', action),
  format('select case when is_taken then to_state else state end from task where action = %L order by id', action),
  format('%s makes them %s', action, to_state)
)
from test.transitions();

create temp table after as
select action, t.* from test.transitions(), test.tasks(action) t
union all
select action, t.* from test.transitions(), test.tasks(action || '_other') t;

select set_eq(
  'select * from after except select * from before',
  'select a.* from after a join task on id = event_id and is_taken and task.action = a.action'
  ' where a.state = to_state and a.updated_at > 1000',
  'no column of a no-op is written, and no task that another consumer has of the same events'
);

select set_eq(
  $$ select row ->> 'note' from test.transitions(), test.read(format('select note from %s', test.task_table(action))) row $$,
  array['kept'],
  'a column that is not known keeps its value'
);

select results_eq(
  format('select * from test.move(%1$L, %1$L, (select array_agg(id order by id) from task where is_taken and action = %1$L))', action),
  format('select ''{}''::text[], array_agg(id order by id) from task where is_taken and action = %L', action),
  format('a second %s has nothing to do', action)
)
from test.transitions();

select is_empty(
  'select action, t.* from test.transitions(), test.tasks(action) t except select * from after',
  'and writes nothing'
);

rollback;
