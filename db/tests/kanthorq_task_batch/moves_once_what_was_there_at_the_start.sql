-- Batches go by event id, whatever index there is, and whatever times and other columns say.
begin;

create temp table consumer as
select name, test.consumer(name, attempt_max => 1) from unnest(array['by_index', 'by_key']) name;

select test.drop_scheduling_index('by_key');

-- In the index, the first by id are the last.
create temp table task as
select name, n, test.task(name, 'discarded', attempt_count => 1, schedule_at => 9000 - n) as id
from consumer, generate_series(1, 6) n;

create temp table first as
select name, b.* from consumer, kanthorq_task_batch('resume', name, '{discarded}', batch_size => 2, schedule_at => '2001-01-01') b;

-- A worker takes those two, and fails.
select test.fail(name, id) from consumer, test.pull(name) id;

-- Meanwhile: the worker's clock is 15 seconds behind, a task was retried, one has times that are still to come, one is done.
select test.update(name, assignments, id) from task join (values
  (1, 'finalized_at = finalized_at - 15000'),
  (2, 'schedule_at = 9999, finalized_at = finalized_at - 15000'),
  (3, 'schedule_at = 1, updated_at = 1, finalized_at = 1'),
  (4, 'created_at = 4102444800000, updated_at = 4102444800000, finalized_at = 4102444800000'),
  (5, 'state = public._kanthorq_task_state(''completed'')')
) v (n, assignments) using (n);

insert into task
select name, 7, test.task(name, 'discarded', attempt_count => 1, schedule_at => 9000) from consumer;

create temp table rest as
select name, max(b.total) as total, max(b.skipped) as skipped
from first, test.batches(format('''resume'', %L, ''{discarded}'', batch_size => 2, schedule_at => ''2001-01-01''', name), first.progress::text) b
group by name;

select plan(2);

select results_eq(
  'select name, first.updated, rest.total, rest.skipped from first join rest using (name) order by name',
  $$ values ('by_index', 2::bigint, 5::bigint, 1::bigint), ('by_key', 2, 5, 1) $$,
  'the batches together move each task that still matches once, and count the one that somebody else has moved'
);

select results_eq(
  $$ select n, test.state('by_index', i.id), test.state('by_key', k.id)
     from task i join task k using (n) where i.name = 'by_index' and k.name = 'by_key' order by n $$,
  $$ select n::integer, state, state from unnest(array[
       'discarded', 'discarded', 'running', 'running', 'completed', 'running', 'discarded'
     ]) with ordinality s (state, n) $$,
  'what the first batch moved is left alone when it has failed again, and so is what has a later id'
);

rollback;
