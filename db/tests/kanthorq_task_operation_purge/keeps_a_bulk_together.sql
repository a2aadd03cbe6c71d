begin;

create temp table task as
select id, row_number() over (order by id) as n from test.tasks_in_bulk(test.consumer(), 'available', 6) id;

-- Three batches, then a call by ids that is older than all of them.
create temp table bulk as
select max(bulk_id) as id from test.batches('''cancel'', ''send_email'', everything => true, batch_size => 2');

create temp table single as
select updated from task, kanthorq_task_resume('send_email', array[id]) where n = 1;

select test.as_owner(format(
  'update kanthorq_task_operation set at = timestamptz ''2024-01-01Z'' + %s * interval ''1 day'' where id = %s', (id - bulk_id + 1) % 4, id
))
from (select o.id, min(o.id) over () as bulk_id from kanthorq_task_operations(each_batch => true) o) o;

select plan(4);

select is(kanthorq_task_operation_purge('2024-01-04Z'), 1::bigint, 'as long as one batch is too young, only other operations go');

select results_eq('select tasks, batches from kanthorq_task_operations()', $$ values (6::bigint, 3::bigint) $$, 'and the bulk is whole');

select results_eq(
  $$ select total, skipped from bulk, test.batches(id::text, call => 'kanthorq_task_undo_batch') order by n desc limit 1 $$,
  $$ values (5::bigint, 1::bigint) $$,
  'so that it can be undone'
);

select is(kanthorq_task_operation_purge('2024-01-04 00:00:00.001Z'), 3::bigint, 'when its last batch is old enough it goes as a whole');

rollback;
