-- A consumer's table may be partitioned by the hash of event_id. Row addresses are not unique in it, and its rows have no
-- index that goes through all of them.
begin;

select plan(7);

create temp table consumer as
select test.consumer() as name;

create temp table task_table as
select relname::text collate "default" as table_name from pg_class where oid = test.task_table('send_email');

select test.as_owner(format(
  'create table public.template (like %1$s including defaults); drop table %1$s;'
  ' create table public.%1$s (like public.template including defaults, primary key (event_id)) partition by hash (event_id);'
  ' create table public.part_0 partition of public.%1$s for values with (modulus 3, remainder 0);'
  ' create table public.part_1 partition of public.%1$s for values with (modulus 3, remainder 1);'
  ' create table public.part_2 partition of public.%1$s for values with (modulus 3, remainder 2)',
  table_name
))
from task_table;

create temp table t as
select id, row_number() over (order by md5(id)) as n from test.tasks_in_bulk('send_email', 'available', 60) id;

select results_eq(
  $$ select relkind::text collate "default" from pg_class where oid = test.task_table('send_email') $$,
  array['p'],
  'the table is partitioned'
);

create temp table before_all as
select * from test.tasks('send_email');

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('send_email', (select array_agg(id order by n) from t where n <= 20)) $$,
  $$ select array_agg(id order by n), '{}'::text[] from t where n <= 20 $$,
  'exactly the tasks that are named are cancelled'
);

select results_eq(
  $$ select t.id, test.state('send_email', t.id) from t order by t.n $$,
  $$ select id, case when n <= 20 then 'cancelled' else 'available' end from t order by n $$,
  'no task of another partition is taken for one of them'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_resume('send_email', (select array_agg(id order by n) from t where n between 11 and 30)) $$,
  $$ select array_agg(id order by n) filter (where n <= 20), array_agg(id order by n) filter (where n > 20)
     from t where n between 11 and 30 $$,
  'of a mix, those that are cancelled are resumed'
);

select results_eq(
  $$ select updated from kanthorq_task_batch('cancel', 'send_email', subject => 'order.>', batch_size => 1000) $$,
  array[40::bigint],
  'a batch takes all partitions'
);

select results_eq(
  $$ select state, count(*) from test.tasks('send_email') group by state order by state $$,
  $$ values ('cancelled', 50::bigint), ('running', 10::bigint) $$,
  'the batch has left nothing'
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
