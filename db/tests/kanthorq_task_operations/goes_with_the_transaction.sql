begin;

select plan(4);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

create temp table first as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 1), 'stays');

savepoint second;

create temp table second as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 2), 'goes');

select results_eq('select reason from kanthorq_task_operations()', array['goes', 'stays'], 'what was just done is in the log');

rollback to second;

select results_eq('select reason from kanthorq_task_operations()', array['stays'], 'what is rolled back is out of it');

select throws_ok(
  $$ select kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 3)), 1 / 0 $$,
  '22012', 'division by zero',
  'a statement fails after it had cancelled a task'
);

select results_eq('select reason from kanthorq_task_operations()', array['stays'], 'that is not in the log either');

rollback;
