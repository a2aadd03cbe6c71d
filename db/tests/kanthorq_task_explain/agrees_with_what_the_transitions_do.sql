begin;

select plan(7);

-- All states, due long ago, a second ago and in an hour, with no attempts, one left, the last one, and one too many.
create temp table scene as
select row_number() over () as n, state, schedule_at, attempt_count
from
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[
    1000,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint - 1000,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint + 3600000
  ]) schedule_at,
  unnest(array[0, 2, 3, 4]) attempt_count;

-- The same tasks three times over, for each transition to do its work on.
create temp table task as
select
  consumer, n,
  test.task(test.consumer(consumer), state, schedule_at => schedule_at, attempt_count => attempt_count, finalized_at => 500) as id
from scene, unnest(array['cancelled', 'resumed', 'discarded']) consumer;

create function pg_temp.ids(consumer text)
returns text[]
language sql
as $$ select array_agg(id order by n) from task where task.consumer = ids.consumer $$;

create temp table explanation as
select task.consumer, task.n, e.*
from
  unnest(array['cancelled', 'resumed', 'discarded']) c (name),
  kanthorq_task_explain(c.name, pg_temp.ids(c.name)) e
  join task on task.id = e.event_id;

select results_eq(
  $$ select consumer, count(*), count(*) filter (where can_cancel), count(*) filter (where can_resume),
       count(*) filter (where can_discard)
     from explanation group by consumer order by consumer collate "C" $$,
  $$ values ('cancelled', 84::bigint, 36::bigint, 24::bigint, 2::bigint), ('discarded', 84, 36, 24, 2), ('resumed', 84, 36, 24, 2) $$,
  'each of the transitions would take some of the tasks, and the same of each consumer'
);

create function pg_temp.expected(consumer text, is_taken text)
returns table (updated text[], noop text[])
language plpgsql
as $$
begin
  return query execute format(
    'select array_agg(event_id order by n) filter (where %1$s), array_agg(event_id order by n) filter (where not %1$s)'
    ' from explanation where consumer = $1',
    is_taken
  )
  using consumer;
end
$$;

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('cancelled', pg_temp.ids('cancelled')) $$,
  $$ select * from pg_temp.expected('cancelled', 'can_cancel') $$,
  'cancel takes exactly those of which explain says that it would'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('resumed', pg_temp.ids('resumed')) $$,
  $$ select * from pg_temp.expected('resumed', 'can_resume') $$,
  'resume does'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('discarded', pg_temp.ids('discarded')) $$,
  $$ select * from pg_temp.expected('discarded', 'can_discard') $$,
  'discard does'
);

-- And so it stays: what has been cancelled or discarded can be resumed, and the other way round it is as before.
select results_eq(
  $$ select state, count(*), bool_or(can_cancel), bool_and(can_resume), bool_or(can_discard)
     from kanthorq_task_explain('cancelled', (select updated from pg_temp.expected('cancelled', 'can_cancel')))
     group by state $$,
  $$ values ('cancelled', 36::bigint, false, true, false) $$,
  'all that were cancelled can then be resumed, and nothing else'
);

select results_eq(
  $$ select state, count(*), bool_or(can_cancel), bool_and(can_resume), bool_or(can_discard)
     from kanthorq_task_explain('discarded', (select updated from pg_temp.expected('discarded', 'can_discard')))
     group by state $$,
  $$ values ('discarded', 2::bigint, false, true, false) $$,
  'so can those that were discarded'
);

select results_eq(
  $$ select state, count(*), bool_or(can_cancel), bool_or(can_resume), bool_or(can_discard), bool_and(next_run_at is not null)
     from kanthorq_task_explain('resumed', (select updated from pg_temp.expected('resumed', 'can_resume')))
     group by state $$,
  $$ values ('running', 24::bigint, false, false, false, true) $$,
  'and those that were resumed will run'
);

select * from finish();

rollback;
