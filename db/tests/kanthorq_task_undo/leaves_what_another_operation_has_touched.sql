begin;

select plan(4);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 4) n;

-- The tasks of two calls can only be told apart if these were not made in the same millisecond.
create function pg_temp.next_millisecond()
returns void
language plpgsql
as $$
declare
  v_at timestamptz := clock_timestamp();
begin
  while clock_timestamp() < v_at + interval '2 milliseconds' loop
  end loop;
end
$$;

create temp table first as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

-- 1 is resumed; 2 is resumed, fails, and is cancelled again.
create temp table second as
select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task where n <= 2));

do $$
begin
  perform test.fail('send_email', id) from task where n = 2;
  perform pg_temp.next_millisecond();
  perform kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 2));
end
$$;

create temp table before as
select t.* from test.tasks('send_email') t where t.event_id in (select id from task where n <= 2);

select results_eq(
  $$ select test.state('send_email', id) from task order by n $$,
  array['running', 'cancelled', 'cancelled', 'cancelled'],
  'one task has been resumed, one is cancelled for the second time'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_undo((select min(id) from kanthorq_task_operations())) $$,
  $$ select array_agg(id order by id) filter (where n > 2), array_agg(id order by id) filter (where n <= 2) from task $$,
  'both are no-ops of undoing the first call, the others are put back'
);

select results_eq(
  $$ select t.* from test.tasks('send_email') t where t.event_id in (select id from task where n <= 2) $$,
  'select * from before',
  'the no-ops are as they were'
);

select results_eq(
  $$ select test.state('send_email', id) from task where n > 2 order by n $$,
  array['available', 'available'],
  'the others are available again'
);

select * from finish();

rollback;
