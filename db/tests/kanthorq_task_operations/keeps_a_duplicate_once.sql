begin;

select plan(1);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array[id, 'unknown', id, id] from task));

select results_eq(
  'select event_ids, tasks, from_states from kanthorq_task_operations()',
  $$ select array[id], 1, '{"available": 1}'::jsonb from task $$,
  'an id that came three times is there once, one that is no task is not'
);

select * from finish();

rollback;
