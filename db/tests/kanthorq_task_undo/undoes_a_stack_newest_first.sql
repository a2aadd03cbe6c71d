begin;

select plan(5);

create temp table task as
select
  n,
  test.task(
    test.consumer(attempt_max => 3), state, attempt_count => 5, schedule_at => 1000 + n,
    finalized_at => case when state in ('discarded', 'completed') then 7000 else 0 end
  ) as id
from unnest(array['discarded', 'available', 'running', 'completed', 'retryable']) with ordinality s (state, n);

create temp table before as
select * from test.tasks('send_email');

-- Cancelled, discarded, resumed; then an undo of the cancel, which comes too late for all.
do $$
begin
  perform kanthorq_task_cancel('send_email', (select array_agg(id) from task), 'first');
  perform kanthorq_task_discard('send_email', (select array_agg(id) from task), 'second');
  perform kanthorq_task_resume('send_email', (select array_agg(id) from task), 'third');
end
$$;

create temp table operation as
select id, reason, event_ids from kanthorq_task_operations();

create temp table after as
select * from test.tasks('send_email');

select results_eq(
  $$ select o.reason, u.updated, u.noop = o.event_ids
     from operation o, kanthorq_task_undo(o.id) u where o.reason <> 'third' order by o.id $$,
  $$ values ('first', '{}'::text[], true), ('second', '{}', true) $$,
  'out of order, all are no-ops'
);

select results_eq('select * from test.tasks(''send_email'')', 'select * from after', 'and nothing has changed');

create temp table undone as
select o.reason, u.updated, u.noop, o.event_ids
from (select * from operation order by id desc offset 0) o, kanthorq_task_undo(o.id) u;

select results_eq(
  $$ select reason, cardinality(updated), noop from undone order by reason $$,
  $$ values ('first', 2, '{}'::text[]), ('second', 1, '{}'), ('third', 4, '{}') $$,
  'newest first, each operation is undone as a whole'
);

select results_eq('select * from test.tasks(''send_email'')', 'select * from before', 'then all is as it was before the first');

-- Operation by operation: what was undone, once more.
select results_eq(
  $$ select reason, u.updated, u.noop = event_ids from operation, kanthorq_task_undo(id) u order by id $$,
  $$ values ('first', '{}'::text[], true), ('second', '{}', true), ('third', '{}', true) $$,
  'and there is nothing left to undo'
);

rollback;
