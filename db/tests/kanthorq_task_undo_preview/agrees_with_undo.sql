begin;

select plan(7);

select test.consumer();

create temp table task as
select n, test.task('send_email', s.state, subject => s.subject) as id
from (values (1, 'pending', 'order.a'), (2, 'available', 'order.b'), (3, 'available', 'order.b'), (4, 'pending', 'order.a')) s (n, state, subject)
order by n;

create temp table first_call as
select * from kanthorq_task_cancel('send_email', array(select id from task where n < 4));

create temp table operation as
select max(id) as id from kanthorq_task_operations();

select results_eq(
  'select p.* from operation o, kanthorq_task_undo_preview(o.id) p',
  $$ values (
    'send_email', 1::bigint, 3::bigint, '{"pending": 1, "available": 2}'::jsonb,
    '[{"subject": "order.b", "tasks": 2}, {"subject": "order.a", "tasks": 1}]'::jsonb, 2::bigint, 0::bigint
  ) $$,
  'it counts the tasks by the states and subjects that they would have'
);

-- One task is moved away, another to and fro: the second one is as the operation left it.
select kanthorq_task_resume('send_email', array(select id from task where n = 1));

select kanthorq_task_resume('send_email', array(select id from task where n = 2));

select kanthorq_task_undo((select max(id) from kanthorq_task_operations()));

select results_eq(
  'select p.tasks, p.by_state, p.changed from operation o, kanthorq_task_undo_preview(o.id) p',
  $$ values (2::bigint, '{"available": 2}'::jsonb, 1::bigint) $$,
  'what something has touched since is left out, but for what was taken back'
);

select results_eq(
  'select p.tasks, p.changed from operation o, kanthorq_task_undo_preview(o.id) p',
  'select cardinality(u.updated)::bigint, cardinality(u.noop)::bigint from operation o, kanthorq_task_undo(o.id) u',
  'undo does what was previewed'
);

select results_eq(
  'select p.tasks, p.changed from operation o, kanthorq_task_undo_preview(o.id) p',
  'values (0::bigint, 3::bigint)',
  'after that nothing is left'
);

create temp table batch as
select * from kanthorq_task_batch('cancel', 'send_email', subject => 'order.>', batch_size => 2);

insert into batch
select b.* from batch f, kanthorq_task_batch('cancel', 'send_email', subject => 'order.>', batch_size => 2, progress => f.progress) b;

select results_eq(
  'select p.batches, p.tasks from kanthorq_task_undo_preview((select max(bulk_id) from batch)) p',
  'values (2::bigint, 3::bigint)',
  'of a bulk all batches count'
);

select results_eq(
  $$ select p.batches, p.tasks
     from kanthorq_task_undo_preview((select max(o.id) from kanthorq_task_operations(each_batch => true) o)) p $$,
  'values (1::bigint, 1::bigint)',
  'of a batch of a bulk only its own'
);

select throws_ok(
  'select kanthorq_task_undo_preview(0)', 'KQ004', 'there is no operation 0', 'an operation that is not there is refused'
);

select * from finish();

rollback;
