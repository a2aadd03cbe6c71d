begin;

-- Attempts before, and after a resume that is not told to reset them.
create temp table attempts (n integer, kept integer);

insert into attempts values (0, 0), (2, 2), (3, 2), (4, 2), (9, 2);

create temp table task as
select reset, n, kept, test.task(test.consumer('reset_' || reset, attempt_max => 3), state, attempt_count => n) as id
from attempts, unnest(array['false', 'true', 'null']) reset, unnest(array['discarded', 'cancelled']) state;

create temp table resumed as
select reset, r.*
from unnest(array[false, true, null]) v (value),
  lateral (select coalesce(value::text, 'null') as reset) n,
  kanthorq_task_resume('reset_' || reset, (select array_agg(id) from task t where t.reset = n.reset), reset_attempts => value) r;

select plan(9);

select results_eq(
  format('select t.attempt_count from test.tasks(%L) t', 'reset_' || reset),
  format('select %s from task where reset = %L order by id', case reset when 'true' then '0' else 'kept' end, reset),
  format(
    'with reset_attempts => %s, %s', reset,
    case reset when 'true' then 'none is counted' else 'the attempts come down so that one is left, and never go up' end
  )
)
from resumed;

select set_eq(
  format('select test.pull(%L)', 'reset_' || reset),
  format('select id from task where reset = %L', reset),
  format('with reset_attempts => %s, a puller takes all of them', reset)
)
from resumed;

-- The workers die in that attempt.
select test.update('reset_' || reset, 'schedule_at = 1000') from resumed;

select set_eq(
  format('select test.pull(%L)', 'reset_' || reset),
  format('select id from task where reset = %L', reset),
  format('with reset_attempts => %s, a puller takes them once more', reset)
)
from resumed;

rollback;
