begin;

select plan(3);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 5) n;

-- One call after the other, each with what the one before returned.
create temp table batch as
with recursive batch as (
  select 1 as n, b.* from kanthorq_task_batch('cancel', 'send_email', everything => true, batch_size => 2) b
  union all
  select batch.n + 1, b.*
  from batch, kanthorq_task_batch(
    'cancel', 'send_email', everything => true, batch_size => 2, progress => batch.progress
  ) b
  where batch.progress is not null
)
select * from batch;

-- The index has one part for each of the three states that cancel takes: the last two batches are for the others.
select results_eq(
  $$ select sum(updated), max(total), count(*) filter (where progress is null) from batch $$,
  $$ values (5::numeric, 5::bigint, 1::bigint) $$,
  'all tasks are moved, and there is an end'
);

select results_eq(
  $$ select updated, total from batch where updated > 0 order by n $$,
  $$ values (2::bigint, 2::bigint), (2, 4), (1, 5) $$,
  'each batch says how many tasks it moved, and how many all of them moved so far'
);

select results_eq(
  $$ select tasks from kanthorq_task_operations('send_email') order by id $$,
  array[2, 2, 1],
  'each is an operation of the log'
);

select * from finish();

rollback;
