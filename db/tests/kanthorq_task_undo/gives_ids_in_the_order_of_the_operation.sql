begin;

select plan(2);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 9) n;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id order by md5(id)) from task));

-- Every third has been touched since.
create temp table touched as
select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task where n % 3 = 0));

create temp table undone as
select u.updated, u.noop, o.event_ids
from (select * from kanthorq_task_operations() order by id limit 1) o, kanthorq_task_undo(o.id) u;

select results_eq(
  $$ select updated, noop from undone $$,
  $$ select
       array(select e.id from unnest(event_ids) with ordinality e (id, i) join task using (id) where n % 3 > 0 order by i),
       array(select e.id from unnest(event_ids) with ordinality e (id, i) join task using (id) where n % 3 = 0 order by i)
     from undone $$,
  'each id of the operation is in one of the two arrays, in the order that the log has'
);

select results_eq(
  $$ select array_agg(id order by id) from undone, unnest(updated || noop) id $$,
  $$ select array_agg(id order by id) from task $$,
  'and none is missing'
);

select * from finish();

rollback;
