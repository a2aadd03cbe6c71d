begin;

create temp table task as
select test.task(test.consumer(), state, schedule_at => schedule_at, attempt_count => attempt_count) as id
from
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[
    1000,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint - 1000,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint + 3600000
  ]) schedule_at,
  unnest(array[0, 2, 3, 4]) attempt_count;

create temp table explanation as
select * from kanthorq_task_explain('send_email', (select array_agg(id) from task));

-- The retry puller wants of retryable tasks what the visibility puller wants of running ones.
create function pg_temp.pulled()
returns table (event_id text, state text)
language sql
as $$
  select t.event_id, t.state
  from test.tasks('send_email') t
  where t.state = 'retryable' and t.attempt_count <= 3 and t.schedule_at < extract(epoch from clock_timestamp()) * 1000
  union all
  select test.pull('send_email'), 'running'
$$;

select plan(3);

select set_eq(
  'select * from pg_temp.pulled()',
  $$ select event_id, state from explanation where next_run_at <= clock_timestamp() $$,
  'the pullers take the tasks that explain says run now'
);

-- Two hours later, which is to say that all is due two hours earlier. What has been pulled is as it was before.
select test.update('send_email', 'schedule_at = 1000, attempt_count = attempt_count - (attempted_at > 0)::integer');

create temp table taken as
select * from pg_temp.pulled();

select set_eq(
  'select event_id from taken',
  $$ select event_id from explanation where next_run_at is not null $$,
  'in time they take all the tasks that explain says will run, and no other'
);

select is((select count(*) from taken), 18::bigint, 'so many they are');

rollback;
