begin;

select plan(4);

create temp table task as
select n, test.task(test.consumer(), 'discarded', attempt_count => 3) as id from generate_series(1, 3) n;

select results_eq(
  $$ select updated
     from task,
       kanthorq_task_resume('send_email', array[id], schedule_at => clock_timestamp() + (n - 2) * interval '1 hour')
     where n <> 2 order by n $$,
  $$ select array[id] from task where n <> 2 order by n $$,
  'one task is resumed an hour ago and one in an hour'
);

select results_eq(
  $$ select updated from kanthorq_task_resume('send_email', (select array[id] from task where n = 2)) $$,
  $$ select array[id] from task where n = 2 $$,
  'and one now'
);

select results_eq(
  $$ select * from test.pull('send_email') p (id) order by id $$,
  $$ select id from task where n <= 2 order by id $$,
  'a puller takes those that are due and leaves the one that is not'
);

select results_eq(
  $$ select state from test.tasks('send_email') where event_id = (select id from task where n = 3) $$,
  array['running'],
  'the one that is not due waits, running'
);

select * from finish();

rollback;
