-- An undo of a bulk that is at work ends it, so that none of its batches is left out.
begin;

create temp table way as
select name, test.tasks_in_bulk(test.consumer(name), 'available', 5) from unnest(array['undo', 'undo_batch']) name;

create temp table bulk as
select name, b.*
from (select distinct name from way) w, kanthorq_task_batch('cancel', name, everything => true, batch_size => 2) b;

do $$
begin
  perform kanthorq_task_undo(bulk_id) from bulk where name = 'undo';
  perform kanthorq_task_undo_batch(bulk_id) from bulk where name = 'undo_batch';
end
$$;

select plan(4);

select throws_ok(
  format('select kanthorq_task_batch(''cancel'', %L, everything => true, batch_size => 2, progress => %L)', name, progress),
  'KQ004', format('bulk %s has been undone', bulk_id),
  'the next batch is refused after ' || name
)
from bulk;

select set_eq(format('select state from test.tasks(%L)', name), array['available'], 'all tasks are as they were') from bulk;

rollback;
