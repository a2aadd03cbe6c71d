begin;

-- What each writes: to the time of the call, and else.
create temp table writing (action text, at_now text[], becomes jsonb);

insert into writing values
  ('cancel', '{finalized_at,updated_at}', '{"state": "cancelled"}'),
  ('resume', '{schedule_at,updated_at}', '{"state": "running", "finalized_at": 0, "attempt_count": 2}'),
  ('discard', '{finalized_at,updated_at}', '{"state": "discarded"}');

-- Tasks in all states, each with all that discard wants of one, and in a table that has a column of a later version.
create temp table task as
select a.action, state = any (from_states) as is_taken, at_now, becomes, test.task(
  test.consumer(a.action, attempt_max => 3), state, attempt_count => 4, schedule_at => 5000, finalized_at => 6000,
  attempted_error => array['{"at": 1, "error": "timeout", "stack": ""}'::jsonb]
) as event_id
from test.transitions() a join writing using (action),
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select test.as_owner(format('alter table %s add column note text default ''kept''', test.task_table(action)))
from test.transitions();

-- Another consumer of the same stream, with tasks of the same events that could be moved as well.
create temp table other as
select c.action, t.event_id
from test.transitions() c,
  kanthorq_consumer_register(c.action || '_stream', c.action || '_other', '{>}', attempt_max => 3) r,
  kanthorq_task_convert(r.name, (select array_agg(event_id) from task where action = c.action), c.from_state) t;

select test.update(consumer, 'attempt_count = 4, schedule_at = 5000, attempted_at = 4000')
from test.transitions(), unnest(array[action, action || '_other']) consumer;

-- All tasks. Of those that are to be moved, the times of the call are apart.
create function pg_temp.look()
returns table (action text, consumer text, event_id text, is_moved boolean, look jsonb, at_now jsonb)
language sql
as $$
  select w.action, consumer, t.event_id, m.is_moved, case when m.is_moved then j.task - w.at_now else j.task end,
    (select jsonb_agg(distinct j.task -> name) from unnest(w.at_now) name)
  from task w, unnest(array[w.action, w.action || '_other']) consumer, test.tasks(consumer) t,
    lateral (select to_jsonb(t) as task) j, lateral (select w.is_taken and consumer = w.action as is_moved) m
  where t.event_id = w.event_id
$$;

create temp table before as
select l.*, floor(extract(epoch from clock_timestamp()) * 1000) as at from pg_temp.look() l;

create temp table done as
select a.action, m.*
from test.transitions() a, test.move(a.action, a.action, (select array_agg(event_id order by event_id) from task where action = a.action)) m;

create temp table after as
select * from pg_temp.look();

select plan(4 * 3 + 2);

select results_eq(
  format('select updated, noop from done where action = %L', action),
  format(
    'select array_agg(event_id order by event_id) filter (where is_taken), array_agg(event_id order by event_id) filter (where not is_taken)'
    ' from task where action = %L', action
  ),
  format('%s takes %s tasks, and no others', action, array_to_string(from_states, ', '))
)
from test.transitions();

select set_eq(
  format('select consumer, event_id, look from after where action = %L', action),
  format('select consumer, event_id, case when is_moved then look || becomes else look end from before join writing using (action) where action = %L', action),
  format('%s writes %s and %s; no other column, no no-op and no task of the same events of another consumer', action, becomes, at_now)
)
from writing;

select is_empty(
  format(
    'select after.at_now from after join before using (consumer, event_id)'
    ' where after.action = %L and after.is_moved and not coalesce('
    '   jsonb_array_length(after.at_now) = 1'
    '   and (after.at_now ->> 0)::bigint between before.at and extract(epoch from clock_timestamp()) * 1000, false)', action
  ),
  format('%s sets %s to the same time, which is now', action, at_now)
)
from writing;

select set_eq(
  $$ select row ->> 'note' from test.transitions(), test.read(format('select note from %s', test.task_table(action))) row $$,
  array['kept'],
  'a column that is not known keeps its value'
);

select results_eq(
  format('select * from test.move(%1$L, %1$L, (select array_agg(event_id order by event_id) from task where is_taken and action = %1$L))', action),
  format('select ''{}''::text[], array_agg(event_id order by event_id) from task where is_taken and action = %L', action),
  format('a second %s has nothing to do', action)
)
from test.transitions();

select is_empty('select * from pg_temp.look() except select * from after', 'and writes nothing');

rollback;
