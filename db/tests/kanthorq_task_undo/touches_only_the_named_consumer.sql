begin;

select plan(2);

-- The same event is a task of two consumers, moved by two calls.
create temp table consumer as
select name, test.consumer(name) from unnest(array['send_email', 'send_sms']) name;

create temp table task as
select name, test.tasks_in_bulk(name, 'available', 2) as id from consumer;

create temp table done as
select name, updated from consumer, kanthorq_task_cancel(name, (select array_agg(distinct id) from task));

select results_eq(
  $$ select u.updated, u.noop from kanthorq_task_operations('send_sms') o, kanthorq_task_undo(o.id) u $$,
  $$ select array_agg(id order by id), '{}'::text[] from task where name = 'send_sms' $$,
  'the tasks of the operation are put back'
);

select results_eq(
  $$ select name, t.state from consumer, test.tasks(name) t order by name $$,
  $$ values ('send_email', 'cancelled'), ('send_email', 'cancelled'), ('send_sms', 'available'), ('send_sms', 'available') $$,
  'those of the other consumer stay as they are'
);

select * from finish();

rollback;
