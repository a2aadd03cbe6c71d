begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table cancelled as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select updated from cancelled)) $$,
  $$ select array[id], '{}'::text[] from task $$,
  'what cancel has cancelled, resume resumes'
);

select results_eq(
  $$ select state, finalized_at, attempt_count from test.tasks('send_email') $$,
  $$ values ('running', 0::bigint, 0) $$,
  'it is not final any more and has all its attempts'
);

select results_eq(
  $$ select test.pull('send_email') $$,
  $$ select id from task $$,
  'a puller takes it'
);

select * from finish();

rollback;
