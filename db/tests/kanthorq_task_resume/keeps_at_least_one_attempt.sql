begin;

select plan(3);

create temp table task as
select n, test.task(test.consumer(attempt_max => 3), 'discarded', attempt_count => n) as id
from unnest(array[0, 2, 3, 4, 9]) n;

select results_eq(
  $$ select updated from kanthorq_task_resume('send_email', (select array_agg(id order by n) from task)) $$,
  $$ select array_agg(id order by n) from task $$,
  'tasks are resumed however many attempts they had'
);

select results_eq(
  $$ select task.n, t.attempt_count
     from task join test.tasks('send_email') t on t.event_id = task.id order by task.n $$,
  $$ values (0, 0), (2, 2), (3, 3), (4, 3), (9, 3) $$,
  'attempt_count comes down to attempt_max and never goes up'
);

select results_eq(
  $$ select * from test.pull('send_email') p (id) order by id $$,
  $$ select id from task order by id $$,
  'a puller takes them all'
);

select * from finish();

rollback;
