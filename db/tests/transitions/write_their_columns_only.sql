begin;

create temp table expectation (action text, state text, attempt_count integer, at_now text[], becomes jsonb);

insert into expectation values
  ('cancel', 'retryable', 2, '{finalized_at,updated_at}', '{"state": "cancelled"}'),
  ('resume', 'discarded', 2, '{schedule_at,updated_at}', '{"state": "running", "finalized_at": 0}'),
  ('discard', 'running', 4, '{finalized_at,updated_at}', '{"state": "discarded"}');

create temp table task as
select action, test.task(
  test.consumer(action, attempt_max => 3), state, attempt_count => attempt_count, schedule_at => 5000, finalized_at => 6000,
  attempted_error => array['{"at": 1, "error": "timeout", "stack": ""}'::jsonb]
) as id
from expectation;

select test.update(action, 'attempted_at = 4000') from expectation;

create temp table before as
select action, to_jsonb(t) as row, floor(extract(epoch from clock_timestamp()) * 1000) as at
from expectation, test.tasks(action) t;

create temp table done as
select t.action, m.updated from task t, test.move(t.action, t.action, array[t.id]) m;

select plan(3);

-- All times that are written are the same.
select results_eq(
  format(
    'select to_jsonb(t) - at_now, array_agg(distinct c.at between b.at and extract(epoch from clock_timestamp()) * 1000),'
    '   count(distinct c.at)'
    ' from test.tasks(%1$L) t, expectation e join before b using (action),'
    '   lateral (select (to_jsonb(t) ->> name)::bigint as at from unnest(at_now) name) c'
    ' where e.action = %1$L group by 1',
    action
  ),
  format('select row - at_now || becomes, array[true], 1::bigint from before join expectation using (action) where action = %L', action),
  format('%s sets %s to now and %s, and all else is as it was', action, array_to_string(at_now, ', '), becomes)
)
from expectation;

rollback;
