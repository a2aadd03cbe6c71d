begin;

select plan(6);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id;

select is_empty($$ select test.pull('send_email') $$, 'no puller takes a stuck task');

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select array[id] from task)) $$,
  $$ select '{}'::text[], array[id] from task $$,
  'it cannot be resumed either'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select array[id] from task)) $$,
  $$ select array[id], '{}'::text[] from task $$,
  'but discarded'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select array[id] from task), schedule_at => to_timestamp(5)) $$,
  $$ select array[id], '{}'::text[] from task $$,
  'and then resumed'
);

select results_eq(
  $$ select test.pull('send_email') $$,
  'select id from task',
  'now a puller takes it'
);

select results_eq(
  $$ select state, stuck, attempt_count, attempt_max from kanthorq_task_find('send_email') $$,
  $$ values ('running', false, 4, 3) $$,
  'it is running its last attempt, and not stuck'
);

select * from finish();

rollback;
