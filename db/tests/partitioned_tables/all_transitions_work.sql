-- A consumer's table may be partitioned by the hash of event_id. Row addresses are not unique in it, and its rows have no
-- index that goes through all of them.
begin;

create temp table consumer as
select test.consumer() as name;

select test.partition('send_email', 3);

create temp table t as
select id, row_number() over (order by md5(id)) as n from test.tasks_in_bulk('send_email', 'available', 60) id;

create temp table before_all as
select * from test.tasks('send_email');

create function pg_temp.ids(first bigint, last bigint)
returns text[]
language sql
as $$ select array_agg(id order by n) from t where n between first and last $$;

select plan(6);

select is(
  (select relkind from pg_class where oid = test.task_table('send_email')), 'p', 'the table is partitioned'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('send_email', pg_temp.ids(1, 20)) $$,
  $$ select pg_temp.ids(1, 20), '{}'::text[] $$,
  'exactly the tasks that are named are cancelled'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', pg_temp.ids(11, 30)) $$,
  $$ select pg_temp.ids(11, 20), pg_temp.ids(21, 30) $$,
  'of a mix, those that are cancelled are resumed'
);

select results_eq(
  $$ select updated from kanthorq_task_batch('cancel', 'send_email', subject => 'order.>', batch_size => 1000) $$,
  array[40::bigint],
  'a batch takes all partitions'
);

select results_eq(
  $$ select t.id, test.state('send_email', t.id) from t order by t.n $$,
  $$ select id, case when n between 11 and 20 then 'running' else 'cancelled' end from t order by n $$,
  'no task of another partition is taken for one of them, and none is left'
);

do $$
begin
  perform kanthorq_task_undo(o.id) from kanthorq_task_operations('send_email') o;
end
$$;

select results_eq(
  $$ select * from test.tasks('send_email') $$,
  $$ select * from before_all order by event_id $$,
  'undone newest first, all is as before'
);

rollback;
