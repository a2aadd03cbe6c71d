begin;

select plan(3);

create temp table consumer as
select test.consumer() as name;

create temp table task_table as
select relname::text collate "default" as table_name from pg_class where oid = test.task_table('send_email');

-- As an interrupted CREATE INDEX CONCURRENTLY leaves it.
select test.as_owner(format(
  'update pg_index set indisvalid = false where indexrelid = %L::regclass', table_name || '_scheduling'
))
from task_table;

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select 'no scheduling index', 'warning',
       'consumer ''send_email'' has no usable index on (state, schedule_at): workers and bulk calls look at the whole table',
       format('reindex index concurrently public.%s_scheduling', table_name)
     from task_table $$,
  'an invalid index is as good as none; its name is taken, so it is made anew'
);

-- Not concurrently, because this test is a transaction.
select test.as_owner(replace(fix, 'concurrently ', '')) from kanthorq_doctor();

select is_empty($$ select * from kanthorq_doctor() $$, 'then the consumer is well');

-- One of another name is in nobody's way.
select test.as_owner(format(
  'alter index %1$s rename to idx_state_scheduling;'
  ' update pg_index set indisvalid = false where indexrelid = ''idx_state_scheduling''::regclass',
  table_name || '_scheduling'
))
from task_table;

select results_eq(
  $$ select fix from kanthorq_doctor() $$,
  $$ select format('create index concurrently %1$s_scheduling on public.%1$s (state, schedule_at, event_id)', table_name)
     from task_table $$,
  'an invalid one of another name is passed over'
);

rollback;
