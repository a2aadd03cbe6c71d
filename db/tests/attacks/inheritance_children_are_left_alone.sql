begin;

-- A partitioned table can have no such child, so none of them is one.
create temp table consumer as
select action, test.consumer(action) as name from test.transitions();

select test.as_owner(format(
  'create table public.plain (like %1$s including all); drop table %1$s; alter table public.plain rename to %2$I', c.oid::regclass, c.relname
))
from consumer join pg_class c on c.oid = test.task_table(name);

-- Tasks of three consumers, one for each transition, and a child of each table. One event is in both.
create temp table task as
select action, n, test.task(name, from_state, attempt_count => 4) as id
from consumer join test.transitions() using (action), generate_series(1, 4) n;

select test.as_owner(format(
  'create table public.%1$I () inherits (%2$s);'
  ' insert into public.%1$I select * from only %2$s where event_id = %3$L;'
  ' insert into public.%1$I (event_id, subject, state, schedule_at, attempt_count)'
  ' select ''event_child'' || n, subject, state, schedule_at, attempt_count from only %2$s, generate_series(1, 3) n limit 3',
  'archive_' || action, test.task_table(action), id
))
from task where n = 1;

-- What is in the tables, by action.
create function pg_temp.rows(action text, of_child boolean)
returns setof jsonb
language sql
as $$
  select test.read(format(
    'select t.* from %s t where (tableoid = %L::regclass) = %L order by event_id',
    test.task_table(action), 'public.archive_' || action, of_child
  ))
$$;

create temp table child as
select action, row from test.transitions(), pg_temp.rows(action, true) row;

create temp table before as
select action, row from test.transitions(), pg_temp.rows(action, false) row;

create temp table ids as
select action, array_agg(id order by n) as named, array_agg(id order by n) || '{event_child1}'::text[] as wanted from task group by action;

select plan(2 * 4 + 3 * 3);

select results_eq(format(reads, 'cancel'), format('select %s', expected), description)
from (values
  ('select event_id from kanthorq_task_find(%L, oldest_first => true)', 'id from task where action = ''cancel'' order by n', 'find shows none of them'),
  ('select kanthorq_task_count(%L)', '4::bigint', 'count leaves them out'),
  ('select tasks from kanthorq_task_stats(%L)', '4::bigint', 'stats do'),
  ('select tasks from kanthorq_task_preview(''cancel'', %L)', '4::bigint', 'preview does'),
  ('select e.state from kanthorq_task_explain(%L, ''{event_child1}'') e', 'null::text', 'explain does not find them')
) v (reads, expected, description);

select is_empty(
  $$ select detail from kanthorq_doctor() where detail ~ 'available' and detail !~ '4 available' $$, 'the doctor does not count them'
);

-- By ids, one of which is in both and one only in the child; taken back; then all in batches.
select results_eq(
  format('select m.updated, m.noop from ids, test.move(%1$L, %1$L, wanted) m where action = %1$L', action),
  format('select named, ''{event_child1}''::text[] from ids where action = %L', action),
  action || ' by ids moves the tasks of the consumer'
)
from test.transitions();

do $$
begin
  perform kanthorq_task_undo(id) from kanthorq_task_operations();
end
$$;

select results_eq(
  format('select pg_temp.rows(%L, false)', action), format('select row from before where action = %L', action), action || ': undo restores them'
)
from test.transitions();

select results_eq(
  format('select max(total) from test.batches(%L)', format('%1$L, %1$L, everything => true, batch_size => 3', action)),
  array[4::bigint], format('a batch to %s them does too', action)
)
from test.transitions();

select results_eq(
  'select action, row from test.transitions(), pg_temp.rows(action, true) row order by 1, 2', 'select * from child order by 1, 2',
  'the child''s rows are as they were'
);

select is((select count(*) from child), 12::bigint, 'there were some');

rollback;
