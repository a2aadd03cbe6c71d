begin;

select plan(9);

create temp table task as
select action, test.task(test.consumer(), state, attempt_count => 9) as id
from (values ('cancel', 'available'), ('resume', 'cancelled'), ('discard', 'running')) v (action, state);

create temp table before as
select * from test.tasks('send_email');

select throws_ok(
  format($$ select kanthorq_task_batch(%L, 'send_email') $$, action),
  'KQ003', format('the filter is empty, so it would %s all tasks of ''send_email''', action),
  action || ' without a filter is refused'
)
from task;

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_email', everything => null) $$,
  'KQ003', 'the filter is empty, so it would cancel all tasks of ''send_email''',
  'a null is no consent'
);

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_email', metadata => '{}') $$,
  'KQ003', 'the filter is empty, so it would cancel all tasks of ''send_email''',
  'metadata that all tasks contain is no filter'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'nothing has changed'
);

select results_eq(
  format(
    $$ select max(total) from (
         with recursive batch as (
           select b.* from kanthorq_task_batch(%1$L, 'send_email', everything => true) b
           union all
           select b.* from batch, kanthorq_task_batch(%1$L, 'send_email', everything => true, progress => batch.progress) b
           where batch.progress is not null
         )
         select * from batch
       ) b $$,
    action
  ),
  array[n::bigint],
  action || ' without a filter takes everything when told to'
)
-- What was cancelled first is resumed next.
from (values ('cancel', 1), ('resume', 2), ('discard', 1)) v (action, n);

select * from finish();

rollback;
