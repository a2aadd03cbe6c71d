begin;

create temp table consumer as
select name, test.consumer(name) from unnest(array['by_index', 'by_key']) name;

select test.drop_scheduling_index('by_key');

create temp table task as
select name, n, test.task(name, case when n < 4 then 'available' else 'completed' end, schedule_at => n * 1000) as id
from consumer, generate_series(1, 5) n;

create temp table first as
select name, b.* from consumer, kanthorq_task_batch('cancel', name, '{available}', batch_size => 1) b;

-- Tasks that cancel would take, and that come after all others in both orders. One was made, one finished, in a minute.
select test.update(
  name,
  format(
    'state = public._kanthorq_task_state(''available''), %I = extract(epoch from now() + ''1 minute'') * 1000',
    case n when 4 then 'created_at' else 'finalized_at' end
  ),
  id
)
from task where n > 3;

create temp table rest as
select name, max(b.total) as total
from first, test.batches(format('''cancel'', %L, ''{available}'', batch_size => 1', name), first.progress::text) b
group by name;

select plan(2);

select results_eq(
  'select name, first.updated, rest.total from first join rest using (name) order by name',
  $$ values ('by_index', 1::bigint, 3::bigint), ('by_key', 1, 3) $$,
  'the first batch moves one task, the batches after it the others, along the index and along the key'
);

select results_eq(
  $$ select name, n from task where test.state(name, id) = 'available' order by name, n $$,
  $$ values ('by_index', 4), ('by_index', 5), ('by_key', 4), ('by_key', 5) $$,
  'what was made or finished since is as it was'
);

select * from finish();

rollback;
