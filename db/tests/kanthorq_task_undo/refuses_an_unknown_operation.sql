begin;

select plan(4);

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table operation as
select id from kanthorq_task_operations();

select throws_ok(
  format($$ select kanthorq_task_undo(%s) $$, id + 1),
  'KQ004', format('there is no operation %s', id + 1),
  'a number that was not given out yet is refused'
)
from operation;

select throws_ok(
  $$ select kanthorq_task_undo(-1) $$,
  'KQ004', 'there is no operation -1',
  'so is one that is never given out'
);

select throws_ok(
  $$ select kanthorq_task_undo(null) $$,
  'KQ004', 'there is no operation null',
  'so is null'
);

select results_eq(
  $$ select state from test.tasks('send_email') $$,
  array['cancelled'],
  'nothing has changed'
);

select * from finish();

rollback;
