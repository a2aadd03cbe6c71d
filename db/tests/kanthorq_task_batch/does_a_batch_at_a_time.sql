begin;

-- Fewer than a batch, a batch, no multiple of it, a multiple, and more than there are; and no limit.
create temp table consumer as
select max_tasks, test.consumer('consumer_' || coalesce(max_tasks::text, 'none')) as name
from unnest(array[1, 2, 3, 5, 6, 9, null]) max_tasks;

create temp table task as
select name, test.tasks_in_bulk(name, 'available', 7) from consumer;

create temp table batch as
select max_tasks, name, b.*
from consumer, test.batches(format('''cancel'', %L, everything => true, batch_size => 3, max_tasks => %L', name, max_tasks)) b;

select plan(4);

select results_eq(
  $$ select max_tasks, array_agg(updated order by n), max(total)
     from batch group by max_tasks order by max_tasks $$,
  $$ values
       (1, array[1]::bigint[], 1::bigint), (2, array[2], 2), (3, array[3], 3), (5, array[3, 2], 5), (6, array[3, 3], 6),
       (9, array[3, 3, 1], 7), (null, array[3, 3, 1], 7) $$,
  'batches are full until there are as many as there may be, and then it ends'
);

select is_empty(
  'select * from (select total, sum(updated) over (partition by name order by n) as so_far from batch) b where total <> so_far',
  'each batch says how many all of them have moved so far'
);

select results_eq(
  $$ select max_tasks, count(*) from consumer, test.tasks(name) t where t.state = 'cancelled'
     group by max_tasks order by max_tasks $$,
  $$ values (1, 1::bigint), (2, 2), (3, 3), (5, 5), (6, 6), (9, 7), (null, 7) $$,
  'so many are cancelled, no more and no less'
);

select results_eq(
  $$ select tasks from kanthorq_task_operations('consumer_none', each_batch => true) order by id $$,
  array[3, 3, 1]::bigint[],
  'each batch is an operation of the log'
);

rollback;
