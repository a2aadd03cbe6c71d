begin;

select plan(4);

create temp table task as
select
  state,
  test.task(test.consumer(), state, schedule_at => schedule_at, attempt_count => attempt_count) as id
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
create function pg_temp.retryable_and_due()
returns setof text
language sql
as $$
  select t.event_id
  from test.tasks('send_email') t
  where t.state = 'retryable' and t.attempt_count <= 3 and t.schedule_at < extract(epoch from clock_timestamp()) * 1000
$$;

select set_eq(
  $$ select pg_temp.retryable_and_due() $$,
  $$ select event_id from explanation where state = 'retryable' and next_run_at <= clock_timestamp() $$,
  'the retry puller takes the retryable tasks that explain says run now'
);

select set_eq(
  $$ select test.pull('send_email') $$,
  $$ select event_id from explanation where state = 'running' and next_run_at <= clock_timestamp() $$,
  'the visibility puller takes the running ones'
);

-- Two hours later, which is to say that all is due two hours earlier. What has been pulled is as it was before.
do $$
begin
  perform test.as_owner(
    format(
      'update %1$s set schedule_at = 1000, attempt_count = attempt_count - (attempted_at > 0)::integer',
      test.task_table('send_email')
    )
  );
end
$$;

create temp table taken as
select pg_temp.retryable_and_due() as id
union all
select test.pull('send_email');

select set_eq(
  'select id from taken',
  $$ select event_id from explanation where next_run_at is not null $$,
  'in time the pullers take all the tasks that explain says will run, and no other'
);

select is((select count(*) from taken), 18::bigint, 'so many they are');

select * from finish();

rollback;
