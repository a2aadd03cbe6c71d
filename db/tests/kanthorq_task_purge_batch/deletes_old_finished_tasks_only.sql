begin;

create temp table task as
select s.state as what, test.task(test.consumer(), s.state, finalized_at => 5000) as id
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) s (state)
union all
select 'finished later', test.task('send_email', 'completed', finalized_at => 6000)
union all
select 'finished at no time', test.task('send_email', 'completed');

select test.as_owner(format('update kanthorq_consumer_registry set cursor = %L', (select max(id) from task)));

insert into task values ('not read', test.task('send_email', 'completed', finalized_at => 5000));

create temp table result as
select r.* from kanthorq_task_purge_batch('send_email', '1970-01-01 00:00:06Z', preview => true) r;

select plan(10);

select results_eq(
  'select purged, total, skipped, kept, progress is null, bulk_id from result',
  $$ values (1::bigint, 1::bigint, 0::bigint, '{"send_email has not read the event": 1}'::jsonb, true, null::bigint) $$,
  'a preview counts what would go, and what has to stay'
);

select is((select count(*) from test.tasks('send_email')), 10::bigint, 'and deletes nothing');

select is(
  (select r.purged from kanthorq_task_purge_batch(
    'send_email', '1970-01-01 00:00:06Z', '{completed,cancelled,discarded}', preview => true, max_tasks => 2
  ) r),
  2::bigint,
  'a preview knows the states and max_tasks'
);

select is(
  (select r.purged from kanthorq_task_purge_batch('send_email', '1970-01-01 00:00:06Z', reason => 'old') r),
  1::bigint,
  'completed tasks go'
);

select is(
  (select b.total from test.batches(
    '''send_email'', ''1970-01-01 00:00:06Z'', ''{cancelled,discarded}'', batch_size => 1', call => 'kanthorq_task_purge_batch'
  ) b order by b.n desc limit 1),
  2::bigint,
  'the other finished ones only if they are named, batch by batch'
);

select set_eq(
  'select what from task join test.tasks(''send_email'') t on t.event_id = id',
  array['pending', 'available', 'running', 'retryable', 'finished later', 'finished at no time', 'not read'],
  'all others stay'
);

select results_eq(
  'select action, reason, tasks, batches, from_states, event_ids from kanthorq_task_operations(''send_email'')',
  $$ values
    ('purge', null, 2::bigint, 2::bigint, '{"cancelled": 1, "discarded": 1}'::jsonb, '{}'::text[]),
    ('purge', 'old', 1::bigint, 1::bigint, '{"completed": 1}'::jsonb, '{}'::text[]) $$,
  'the log has their numbers, a call of several batches as one row'
);

select throws_ok(
  format(call, o.id), 'KQ004', format('operation %s is a purge', o.id), format('it can''t be taken back by %s', call)
)
from (select min(id) as id from kanthorq_task_operations('send_email', action => 'purge')) o, unnest(array[
  'select kanthorq_task_undo(%s)', 'select kanthorq_task_undo_batch(%s)', 'select kanthorq_task_undo_preview(%s)'
]) call;

select * from finish();

rollback;
