begin;

-- The tasks of send_email and send_sms need more than 1000 pages; only the first has a scheduling index.
select test.consumer(name) from unnest(array['send_email', 'send_sms', 'small']) name;

select test.drop_scheduling_index('send_sms');

select count(*)
from unnest(array['send_email', 'send_sms']) consumer, test.tasks_in_bulk(consumer, 'completed', 20000);

select test.update(consumer, $$ metadata = jsonb_build_object('a', repeat('x', 1000)) $$) from unnest(array['send_email', 'send_sms']) consumer;

select test.task(consumer, state, attempt_count => attempt_count)
from unnest(array['send_email', 'small']) consumer, (values ('running', 4), ('running', 0), ('discarded', 4)) v (state, attempt_count);

-- How many tasks of a consumer this transaction has read so far.
create function pg_temp.read_from(consumer text)
returns numeric
language sql
as $$
select sum(pg_stat_get_xact_tuples_returned(p.relid))
from (select test.task_table(consumer)::oid as relid union select t.relid from pg_partition_tree(test.task_table(consumer)) t) p
$$;

create temp table read as
select pg_temp.read_from('send_sms') as tasks;

select plan(4);

select results_eq(
  $$ select * from kanthorq_task_stats('small', estimate => true) $$,
  $$ select consumer_name, state, tasks, null::timestamptz, null::timestamptz, stuck, null::text from kanthorq_task_stats('small') $$,
  'of a small table, an estimate counts all tasks, but does not say how old they are'
);

select results_eq(
  $$ select state, tasks, stuck from kanthorq_task_stats('send_email', estimate => true) where state <> 'completed' $$,
  $$ values ('discarded', 1::bigint, 0::bigint), ('running', 2, 1) $$,
  'with a scheduling index, states that few tasks have are counted'
);

select results_eq(
  $$ select consumer_name, tasks between 17000 and 23000
    from kanthorq_task_stats(estimate => true) where consumer_name like 'send%' and state = 'completed' $$,
  $$ values ('send_email', true), ('send_sms', true) $$,
  'of a state that many tasks have, the number is about right'
);

select ok(
  pg_temp.read_from('send_sms') - tasks between 5000 and 15000, 'and not all of them are read'
)
from read;

select * from finish();

rollback;
