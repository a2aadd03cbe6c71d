begin;

-- Rows that somebody put into the registry by hand, and that lead to something else than a table of tasks.
create temp table odd as
select * from (values
  ('view', 'consumer_view'),
  ('materialized view', 'consumer_materialized'),
  ('index', 'consumer_index'),
  ('sequence', 'consumer_sequence'),
  ('composite type', 'task'),
  ('log', 'task_operation'),
  ('registry', 'consumer_registry'),
  ('nothing', 'consumer_none'),
  -- PostgreSQL cuts names at 63 bytes, and so this one off at a table that is there.
  ('id that is too long', 'consumer_' || repeat('x', 46)),
  ('path', 'consumer_a"."b'),
  ('schema', '../kanthorq_task_operation')
) o (name, id);

grant select on odd to public;

create temp table task as
select test.task(test.consumer(), 'available') as id;

select test.as_owner(format(
  'create view public.kanthorq_consumer_view as select * from %1$s;'
  ' create materialized view public.kanthorq_consumer_materialized as select * from %1$s;'
  ' create index kanthorq_consumer_index on %1$s (subject);'
  ' create sequence public.kanthorq_consumer_sequence;'
  ' create table public.kanthorq_consumer_%2$s (like %1$s including all);'
  ' insert into public.kanthorq_consumer_%2$s select * from %1$s',
  test.task_table('send_email'), repeat('x', 45)
));

select test.as_owner(format(
  'insert into kanthorq_consumer_registry (stream_id, stream_name, id, name, subject_includes, cursor)'
  ' values (''stream_x'', ''x'', %L, %L, ''{>}'', '''')', id, name
))
from odd;

create temp table call (call) as
values ('kanthorq_task_cancel(%L, (select array_agg(id) from task))'),
  ('kanthorq_task_count(%L)'),
  ('kanthorq_task_find(%L)'),
  ('kanthorq_task_batch(''cancel'', %L, everything => true)'),
  ('kanthorq_task_stats(%L)');

select plan(5 * (select count(*)::integer from odd) + 3);

select throws_ok(
  format('select * from ' || call, name),
  'KQ002',
  format('the table public.%I of consumer %L %s', 'kanthorq_' || id, name, case
    when name in ('log', 'registry') then 'has no column event_id of type character varying' else 'is gone'
  end),
  format('%s: %s', name, call)
)
from odd, call;

select results_eq(
  'select consumer_name, tasks from kanthorq_task_stats()',
  $$ values ('send_email', 1::bigint) $$,
  'the overview leaves them out'
);

select bag_eq(
  $$ select detail from kanthorq_doctor() where detail like 'consumer%table%' $$,
  $$ select case
       when name in ('log', 'registry')
         then format('consumer %L: its table ''public.kanthorq_%s'' has no column event_id of type character varying', name, id)
       else format('consumer %L is registered, but its table %L does not exist', name, 'kanthorq_' || id)
     end
     from odd $$,
  'the doctor tells of each'
);

select results_eq(
  $$ select test.state('send_email', id) from task $$,
  array['available'],
  'the task behind the view is as it was'
);

rollback;
