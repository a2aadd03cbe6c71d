begin;

create temp table task as
select n, test.task(test.consumer(), 'discarded', attempt_count => 3) as id from generate_series(1, 4) n;

create temp table before as
select * from test.tasks('send_email');

select plan(7);

select throws_ok(
  format($$ select kanthorq_task_resume('send_email', (select array_agg(id) from task), schedule_at => %L) $$, at),
  'KQ003', 'schedule_at is ' || at::timestamptz,
  'a task can''t be due at ' || at
)
from unnest(array['infinity', '-infinity', '1969-12-31 23:59:59Z']) at;

select results_eq('select * from test.tasks(''send_email'')', 'select * from before', 'nothing has changed');

create temp table start as
select floor(extract(epoch from clock_timestamp()) * 1000) as at;

create temp table resumed as
select n, r.updated
from (values
  (1, timestamptz '2100-01-01 02:00:00.1239+02'), (2, '2001-09-09 01:46:40+00'), (3, null), (4, clock_timestamp() + interval '1 hour')
) v (n, at) join task using (n), kanthorq_task_resume('send_email', array[id], null, at) r;

select results_eq(
  $$ select t.schedule_at, t.updated_at between s.at and extract(epoch from clock_timestamp()) * 1000
     from test.tasks('send_email') t join task on id = event_id, start s where n <= 2 order by n $$,
  $$ values (4102444800123, true), (1000000000000, true) $$,
  'schedule_at is that time in whole milliseconds, in the future or the past, and updated_at is now all the same'
);

select set_eq(
  $$ select test.pull('send_email') $$,
  'select id from task where n in (2, 3)',
  'a puller takes those that are due'
);

select results_eq(
  $$ select test.state('send_email', id) from task where n in (1, 4) $$,
  array['running', 'running'],
  'those that are not due wait, running'
);

rollback;
