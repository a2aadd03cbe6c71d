begin;

select plan(6);

create temp table consumer as
select name, test.consumer(name) from unnest(array['send_email', 'send_sms']) name;

-- The same ids, as tasks of both.
create temp table task as
select name, test.tasks_in_bulk(name, 'available', 3) as id from consumer;

create temp table done as
select name, id, updated
from (select * from task order by name, id offset 0) t, kanthorq_task_cancel(t.name, array[t.id], t.name || ' ' || right(t.id, 1));

select results_eq(
  $$ select reason from kanthorq_task_operations('send_email') $$,
  array['send_email 3', 'send_email 2', 'send_email 1'],
  'the operations of one consumer'
);

select results_eq(
  $$ select reason from kanthorq_task_operations(event_id => (select min(id) from task)) $$,
  array['send_sms 1', 'send_email 1'],
  'those that moved one task'
);

select results_eq(
  $$ select reason from kanthorq_task_operations('send_sms', (select max(id) from task)) $$,
  array['send_sms 3'],
  'those that moved one task of one consumer'
);

select is(
  (select count(*) from kanthorq_task_operations(null, null)),
  6::bigint,
  'with nulls, all'
);

select is_empty(
  $$ select * from kanthorq_task_operations('send_push') $$,
  'a consumer that there is not has none'
);

select is_empty(
  $$ select * from kanthorq_task_operations(event_id => 'unknown') $$,
  'nor has a task that there is not'
);

select * from finish();

rollback;
