begin;

select plan(5);

create temp table task as
select n, test.task(test.consumer(), 'discarded') as id from generate_series(1, 5) n;

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select array[id] from task where n = 1), 'INC-42') $$,
  $$ select array[id], '{}'::text[] from task where n = 1 $$,
  'a reason may be given'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select array[id] from task where n = 2), null) $$,
  $$ select array[id], '{}'::text[] from task where n = 2 $$,
  'a reason may be null'
);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_resume(
       reason => 'it''s "over"; really', event_ids => (select array[id] from task where n = 3), consumer => 'send_email') $$,
  $$ select array[id], '{}'::text[] from task where n = 3 $$,
  'arguments may be named, in any order'
);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_resume(consumer => 'send_email', event_ids => (select array[id] from task where n = 4)) $$,
  $$ select array[id], '{}'::text[] from task where n = 4 $$,
  'a reason may be left out'
);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_resume(
       'send_email', (select array[id] from task where n = 5), 'INC-42', timestamptz '2001-09-09 01:46:40+00', true) $$,
  $$ select array[id], '{}'::text[] from task where n = 5 $$,
  'all arguments may be given by position'
);

select * from finish();

rollback;
