begin;

-- All states, due long ago, a second ago and in an hour, with no attempts, one left, the last one, and one too many. The same
-- tasks for each transition to do its work on.
create temp table task as
select row_number() over () as n, action, test.task(
  test.consumer(action), state, schedule_at => schedule_at, attempt_count => attempt_count, finalized_at => 500
) as id
from
  test.transitions(),
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[
    1000,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint - 1000,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint + 3600000
  ]) schedule_at,
  unnest(array[0, 2, 3, 4]) attempt_count;

create function pg_temp.ids(action text)
returns text[]
language sql
as $$ select array_agg(id order by n) from task where task.action = ids.action $$;

create temp table explanation as
select a.action, task.n, e.*, case a.action when 'cancel' then can_cancel when 'resume' then can_resume else can_discard end as is_taken
from test.transitions() a, kanthorq_task_explain(a.action, pg_temp.ids(a.action)) e join task on task.id = e.event_id;

select plan(3 * 2 + 1);

select results_eq(
  $$ select action, count(*), count(*) filter (where can_cancel), count(*) filter (where can_resume),
       count(*) filter (where can_discard)
     from explanation group by action order by action $$,
  $$ values ('cancel', 84::bigint, 36::bigint, 24::bigint, 2::bigint), ('discard', 84, 36, 24, 2), ('resume', 84, 36, 24, 2) $$,
  'each of the transitions would take some of the tasks, and the same of each consumer'
);

select results_eq(
  format('select updated, noop from test.move(%1$L, %1$L, pg_temp.ids(%1$L))', action),
  format(
    'select array_agg(event_id order by n) filter (where is_taken), array_agg(event_id order by n) filter (where not is_taken)'
    ' from explanation where action = %L', action
  ),
  action || ' takes exactly those of which explain says that it would'
)
from test.transitions();

-- What has been cancelled or discarded can be resumed; what has been resumed will run.
select results_eq(
  format(
    'select state, bool_or(can_cancel), bool_and(can_resume), bool_or(can_discard), bool_and(next_run_at is not null)'
    ' from kanthorq_task_explain(%1$L, (select array_agg(event_id) from explanation where action = %1$L and is_taken)) group by state',
    action
  ),
  format('values (%L, false, %L::boolean, false, %L::boolean)', to_state, to_state <> 'running', to_state = 'running'),
  format('explain tells what %s has done', action)
)
from test.transitions();

rollback;
