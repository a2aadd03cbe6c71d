begin;

select plan(4);

create temp table task as
select n, test.task(test.consumer(), 'running', attempt_count => 4) as id from generate_series(1, 4) n;

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select array[id] from task where n = 1), 'INC-42') $$,
  $$ select array[id], '{}'::text[] from task where n = 1 $$,
  'a reason may be given'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select array[id] from task where n = 2), null) $$,
  $$ select array[id], '{}'::text[] from task where n = 2 $$,
  'a reason may be null'
);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_discard(
       reason => 'it''s "over"; really', event_ids => (select array[id] from task where n = 3), consumer => 'send_email') $$,
  $$ select array[id], '{}'::text[] from task where n = 3 $$,
  'arguments may be named, in any order'
);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_discard(consumer => 'send_email', event_ids => (select array[id] from task where n = 4)) $$,
  $$ select array[id], '{}'::text[] from task where n = 4 $$,
  'a reason may be left out'
);

select * from finish();

rollback;
