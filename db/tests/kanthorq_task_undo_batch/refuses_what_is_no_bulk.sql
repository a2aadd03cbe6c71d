begin;

create temp table task as
select test.task(test.consumer(), 'available') as id from generate_series(1, 5);

create temp table done as
select max(bulk_id) as bulk_id from test.batches('''cancel'', ''send_email'', everything => true, batch_size => 2');

create temp table batch as
select o.id, o.bulk_id, row_number() over (order by o.id) as n from kanthorq_task_operations(each_batch => true) o;

create temp table before as
select * from test.tasks('send_email');

select plan(10);

select throws_ok(
  format('select kanthorq_task_undo_batch(%s)', id), 'KQ004', format('there is no bulk %s', id), format('there is no bulk %s', id)
)
from unnest(array[(select (max(id) + 1)::text from batch), '-1', 'null']) id;

select throws_ok(
  format('select kanthorq_task_undo_batch(%s)', id), 'KQ004', format('operation %s is a batch of bulk %s', id, bulk_id),
  'a batch is no bulk'
)
from batch where n = 2;

select throws_ok(
  format('select kanthorq_task_undo_batch(%s, progress => %L)', bulk_id, progress),
  'KQ003', 'progress is not one of this call: ' || progress,
  'a progress that no batch returned is refused'
)
from done, unnest(array['(,,,,0,0,0)', '(,,,1,,0,0)']) progress;

select throws_ok(
  format('select kanthorq_task_undo(%s)', bulk_id), 'KQ004', format('operation %s is a bulk of 3 batches', bulk_id),
  'undo takes no bulk back'
)
from done;

select results_eq('select * from test.tasks(''send_email'')', 'select * from before', 'nothing has changed');

select results_eq(
  'select cardinality(u.updated) from batch, kanthorq_task_undo(id) u where n = 2', array[2], 'but a batch of one'
);

select results_eq(
  $$ select b.updated, b.skipped from done, test.batches(bulk_id::text, call => 'kanthorq_task_undo_batch') b $$,
  $$ values (1::bigint, 0::bigint), (0, 2), (2, 2) $$,
  'what is taken back so is left out when the bulk is undone'
);

rollback;
