begin;

-- That it takes a second, and not hours, also where memory is short.
set local work_mem to '64kB';
set local statement_timeout to '2min';

-- Half are tasks, half are not, in an order that is neither theirs nor the index's.
create temp table input as
select action, id, known, row_number() over (partition by action order by md5(id)) as position
from (
  select action, test.tasks_in_bulk(test.consumer(action), state, n) as id, true as known
  from (values ('cancel', 'available', 20000), ('resume', 'discarded', 5000)) v (action, state, n)
  union all
  select action, 'event_unknown_' || i, false
  from (values ('cancel', 20000), ('resume', 5000)) v (action, n), generate_series(1, n) i
) i;

create temp table result as
select a.action, m.*
from unnest(array['cancel', 'resume']) a (action),
  test.move(a.action, a.action, (select array_agg(id order by position) from input where action = a.action)) m;

select plan(3);

select results_eq(
  $$ select action, cardinality(r.updated), cardinality(r.noop),
       r.updated = (select array_agg(id order by position) from input where known and action = r.action),
       r.noop = (select array_agg(id order by position) from input where not known and action = r.action)
     from result r order by action $$,
  $$ values ('cancel', 20000, 20000, true, true), ('resume', 5000, 5000, true, true) $$,
  'each of 40,000 ids is in its array, in the order of the input'
);

select results_eq(
  $$ select action, state, count(*) from unnest(array['cancel', 'resume']) action, test.tasks(action)
     group by action, state order by action $$,
  $$ values ('cancel', 'cancelled', 20000::bigint), ('resume', 'running', 5000) $$,
  'all tasks are moved'
);

create temp table undone as
select u.* from kanthorq_task_operations('cancel', with_event_ids => false) o, kanthorq_task_undo(o.id) u;

select results_eq(
  $$ select cardinality(updated), cardinality(noop), kanthorq_task_count('cancel', '{available}') from undone $$,
  $$ values (20000, 0, 20000::bigint) $$,
  'and put back by one undo'
);

rollback;
