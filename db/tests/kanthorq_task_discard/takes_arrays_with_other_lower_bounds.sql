begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id from generate_series(1, 2);

select results_eq(
  $$ select updated, noop
     from kanthorq_task_discard('send_email', (select format('[0:1]={x,%s}', min(id))::text[] from task)) $$,
  $$ select array[min(id)], array['x'] from task $$,
  'an array that begins at 0 is read from its first element to its last'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select format('[0:0]={%s}', max(id))::text[] from task)) $$,
  $$ select array[max(id)], '{}'::text[] from task $$,
  'the results begin at 1 also where all are updated'
);

select * from finish();

rollback;
