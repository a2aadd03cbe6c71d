begin;

select plan(9);

create temp table task as
select ms, test.task(test.consumer(), 'available') as id
from unnest(array[1699999999999, 1700000000000, 1700000000001, 1700000001000]) ms;

do $$
begin
  perform test.as_owner(format('update %s set created_at = %s where event_id = %L', test.task_table('send_email'), ms, id))
  from task;
end
$$;

create function pg_temp.found(created_after timestamptz, created_before timestamptz)
returns setof bigint
language sql
as $$
  select round(extract(epoch from t.created_at) * 1000)::bigint
  from kanthorq_task_find('send_email', created_after => found.created_after, created_before => found.created_before) t
  order by 1
$$;

-- 1700000000 is 2023-11-14 22:13:20 UTC.
select results_eq(
  $$ select pg_temp.found('2023-11-14 22:13:20+00', null) $$,
  array[1700000000000, 1700000000001, 1700000001000],
  'created_after takes what was made at that time'
);

select results_eq(
  $$ select pg_temp.found('2023-11-14 22:13:20.001+00', null) $$,
  array[1700000000001, 1700000001000],
  'but nothing from a millisecond before'
);

select results_eq(
  $$ select pg_temp.found('2023-11-14 22:13:20.0001+00', null) $$,
  array[1700000000001, 1700000001000],
  'nor from less than a millisecond before'
);

select results_eq(
  $$ select pg_temp.found(null, '2023-11-14 22:13:20+00') $$,
  array[1699999999999],
  'created_before leaves out what was made at that time'
);

select results_eq(
  $$ select pg_temp.found(null, '2023-11-14 22:13:20.001+00') $$,
  array[1699999999999, 1700000000000],
  'and takes what was made a millisecond before'
);

select results_eq(
  $$ select pg_temp.found(null, '2023-11-14 22:13:20.0001+00') $$,
  array[1699999999999, 1700000000000],
  'or less than a millisecond before'
);

select results_eq(
  $$ select pg_temp.found('2023-11-14 22:13:20+00', '2023-11-14 22:13:21+00') $$,
  array[1700000000000, 1700000000001],
  'days that follow each other share no task and leave none out'
);

select results_eq(
  $$ select pg_temp.found('2023-11-14 23:13:20.001+01', '2023-11-14 17:13:21-05') $$,
  array[1700000000001],
  'a time is a point in time, whatever the zone it is written in'
);

select is_empty(
  $$ select pg_temp.found('2023-11-14 22:13:21+00', '2023-11-14 22:13:20+00') $$,
  'a period that ends before it begins has no tasks'
);

select * from finish();

rollback;
