begin;

select plan(2);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

select test.as_owner(format('delete from %s where event_id = %L', test.task_table('send_email'), id))
from task where n = 2;

select results_eq(
  $$ select updated, noop from kanthorq_task_operations() o, kanthorq_task_undo(o.id) $$,
  $$ select array_agg(id order by id) filter (where n <> 2), array_agg(id) filter (where n = 2) from task $$,
  'a task that somebody deleted is a no-op'
);

select results_eq(
  $$ select event_id, state from test.tasks('send_email') $$,
  $$ select id, 'available' from task where n <> 2 order by id $$,
  'and stays away'
);

select * from finish();

rollback;
