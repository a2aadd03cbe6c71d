begin;

select plan(3);

create temp table consumer as
select test.consumer() as name;

create temp table task_table as
select relname::text collate "default" as table_name from pg_class where oid = test.task_table('send_email');

-- The partitions have names that tables of consumers could have.
select test.as_owner(format(
  'create table public.template (like %1$s including defaults); drop table %1$s;'
  ' create table public.%1$s (like public.template including defaults, primary key (event_id)) partition by hash (event_id);'
  ' create table public.kanthorq_consumer_00000000000000000000000000 partition of %1$s for values with (modulus 2, remainder 0);'
  ' create table public.kanthorq_consumer_00000000000000000000000001 partition of %1$s for values with (modulus 2, remainder 1)',
  table_name
))
from task_table;

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select 'no scheduling index', 'warning',
       'consumer ''send_email'' has no usable index on (state, schedule_at): workers and bulk calls look at the whole table',
       format('create index %1$s_scheduling on public.%1$s (state, schedule_at, event_id)', table_name)
     from task_table $$,
  'PostgreSQL makes no index of a partitioned table concurrently; its partitions are nothing to report'
);

select test.as_owner(fix) from kanthorq_doctor();

select is_empty($$ select * from kanthorq_doctor() $$, 'then the consumer is well');

select results_eq(
  $$ select i.indisvalid
     from pg_inherits p join pg_index i on i.indrelid = p.inhrelid and not i.indisprimary
     where p.inhparent = test.task_table('send_email') $$,
  array[true, true],
  'and each partition has the index'
);

rollback;
