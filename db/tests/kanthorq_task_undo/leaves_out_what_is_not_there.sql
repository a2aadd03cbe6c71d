begin;

create temp table consumer as
select name, test.consumer(name) from unnest(array['send_email', 'send_sms']) name;

-- The same ids, as tasks of both, moved by two calls.
create temp table task as
select id, row_number() over (order by id) as n from test.tasks_in_bulk('send_email', 'available', 3) id;

create temp table other as
select test.tasks_in_bulk('send_sms', 'available', 3);

create temp table done as
select name, updated from consumer, kanthorq_task_cancel(name, (select array_agg(id) from task));

create temp table operation as
select id from kanthorq_task_operations('send_email');

select test.as_owner(format('delete from %s where event_id = %L', test.task_table('send_email'), id)) from task where n = 2;

select plan(9);

savepoint undo;

select results_eq(
  'select u.updated, u.noop from operation, kanthorq_task_undo(id) u',
  'select array_agg(id order by id) filter (where n <> 2), array_agg(id) filter (where n = 2) from task',
  'a task that somebody deleted is a no-op'
);

select results_eq(
  $$ select name, t.event_id, t.state from consumer, test.tasks(name) t order by 1, 2 $$,
  $$ select 'send_email', id, 'available' from task where n <> 2
     union all select 'send_sms', id, 'cancelled' from task order by 1, 2 $$,
  'and stays away; tasks of the other consumer stay as they are'
);

rollback to undo;

select set_eq(
  $$ select state from test.tasks('send_email') $$, array['cancelled'], 'an undo that is rolled back has not been done'
);

select results_eq(
  $$ select id from kanthorq_task_operations('send_email') $$, 'select id from operation', 'and is not in the log'
);

select throws_ok(
  format('select kanthorq_task_undo(%s)', id), 'KQ004', 'there is no operation ' || id, format('operation %s is refused', id)
)
from unnest(array[(select (max(o.id) + 1)::text from kanthorq_task_operations() o), '-1', 'null']) id;

create temp table gone as
select test.task_table('send_email')::text as name;

select test.drop_task_table('send_email');

select throws_ok(
  'select kanthorq_task_undo(id) from operation',
  'KQ002', (select format('the table public.%s of consumer ''send_email'' is gone', name) from gone),
  'without its table, the consumer is broken'
);

select test.as_owner('delete from kanthorq_consumer_registry where name = ''send_email''');

select throws_ok(
  'select kanthorq_task_undo(id) from operation', 'KQ001', 'there is no consumer ''send_email''', 'without its registry row, there is none'
);

rollback;
