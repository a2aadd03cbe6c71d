begin;

select plan(4);

create temp table consumer as
select test.consumer(name) as name from unnest(array['send_email', 'send_sms', 'send_letter']) name;

-- All but one lose their index, and one gets others that do not help.
select test.as_owner(format('drop index %s', indexrelid::regclass))
from pg_index
where indrelid in (test.task_table('send_email'), test.task_table('send_sms')) and not indisprimary;

select test.as_owner(format(
  'create index on %1$s (state); create index on %1$s (state, event_id); create index on %1$s (schedule_at, state);'
  ' create index on %1$s (event_id, state, schedule_at);'
  ' create index on %1$s (state, schedule_at) where state = 2; create index on %1$s using brin (state, schedule_at)',
  test.task_table('send_sms')
));

create temp table expected as
select c.name, r.relname::text collate "default" as table_name
from consumer c join pg_class r on r.oid = test.task_table(c.name)
where c.name <> 'send_letter';

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select 'no scheduling index', 'warning',
       format('consumer %L has no usable index on (state, schedule_at): workers and bulk calls look at the whole table', name),
       format('create index concurrently %1$s_scheduling on public.%1$s (state, schedule_at, event_id)', table_name)
     from expected order by name $$,
  'each consumer without the index is found, and can get one while workers go on'
);

-- It cannot be made concurrently in a transaction, as this test is one.
select test.as_owner(replace(fix, 'concurrently ', '')) from kanthorq_doctor();

select is_empty($$ select * from kanthorq_doctor() $$, 'then the consumers are well');

-- The name does not matter, nor what comes after (state, schedule_at).
select test.as_owner(format('drop index %I', table_name || '_scheduling')) from expected;

select test.as_owner(format('create index idx_state_scheduling on %I (state, schedule_at)', table_name))
from expected
where name = 'send_email';

select results_eq(
  $$ select "check", detail from kanthorq_doctor() $$,
  $$ values ('no scheduling index',
       'consumer ''send_sms'' has no usable index on (state, schedule_at): workers and bulk calls look at the whole table') $$,
  'KanthorQ''s own index is as good'
);

select test.as_owner(format('create index "Some Other" on %I (state, schedule_at, updated_at, event_id)', table_name))
from expected
where name = 'send_sms';

select is_empty($$ select * from kanthorq_doctor() $$, 'and so is any that begins with those two columns');

rollback;
