begin;

select plan(2);

-- Below a batch, a batch, not a multiple of it, a multiple, and more than there are.
create temp table consumer as
select max_tasks, test.consumer('consumer_' || max_tasks) as name from unnest(array[1, 2, 3, 5, 6, 9]) max_tasks;

create temp table task as
select name, test.tasks_in_bulk(name, 'available', 7) from consumer;

create temp table batch as
select max_tasks, b.*
from consumer c, lateral (
  with recursive batch as (
    select 1 as n, b.*
    from kanthorq_task_batch('cancel', name, '{available}', batch_size => 3, max_tasks => c.max_tasks) b
    union all
    select batch.n + 1, b.*
    from batch, kanthorq_task_batch(
      'cancel', name, '{available}', batch_size => 3, max_tasks => c.max_tasks, progress => batch.progress
    ) b
    where batch.progress is not null
  )
  select * from batch
) b;

select results_eq(
  $$ select max_tasks, array_agg(updated order by n), max(total) from batch group by max_tasks order by max_tasks $$,
  $$ values
       (1, array[1]::bigint[], 1::bigint), (2, array[2], 2), (3, array[3], 3), (5, array[3, 2], 5), (6, array[3, 3], 6),
       (9, array[3, 3, 1], 7) $$,
  'batches are full until there are as many as there may be, and then it ends'
);

select results_eq(
  $$ select max_tasks, count(*) from consumer, test.tasks(name) t where t.state = 'cancelled'
     group by max_tasks order by max_tasks $$,
  $$ values (1, 1::bigint), (2, 2), (3, 3), (5, 5), (6, 6), (9, 7) $$,
  'so many are cancelled, no more and no less'
);

select * from finish();

rollback;
