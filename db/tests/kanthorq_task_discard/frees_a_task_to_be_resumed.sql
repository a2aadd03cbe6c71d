begin;

select plan(6);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id;

select is_empty($$ select test.pull('send_email') $$, 'no puller takes a stuck task');

select results_eq(
  $$ select noop from task, kanthorq_task_resume('send_email', array[id]) $$, 'select array[id] from task', 'it can''t be resumed either'
);

select results_eq(
  $$ select updated from task, kanthorq_task_discard('send_email', array[id]) $$, 'select array[id] from task', 'but discarded'
);

select results_eq(
  $$ select updated from task, kanthorq_task_resume('send_email', array[id], schedule_at => to_timestamp(5)) $$,
  'select array[id] from task',
  'and then resumed'
);

select results_eq($$ select test.pull('send_email') $$, 'select id from task', 'now a puller takes it');

select results_eq(
  $$ select state, stuck, attempt_count, attempt_max from kanthorq_task_find('send_email') $$,
  $$ values ('running', false, 3, 3) $$,
  'it is running its last attempt, and not stuck'
);

select * from finish();

rollback;
