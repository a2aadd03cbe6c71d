begin;

select plan(10);

create temp table task as
select test.task(test.consumer(), 'available') as id;

select throws_ok(
  format($$ select kanthorq_task_batch('cancel', 'send_email', everything => true, progress => %L) $$, p),
  'KQ003', 'progress is not one of this call: ' || p::jsonb::text,
  p
)
from unnest(array[
  '{}', '[]', 'null', '"walk"', '{"done": 0, "walk": 1}', '{"started": 1, "walk": 1}', '{"started": 1, "done": 0}',
  '{"started": 1, "done": 0, "walk": 4}', '{"started": 1, "done": 0, "walk": "first"}'
]) p;

select results_eq(
  $$ select state from test.tasks('send_email') $$,
  array['available'],
  'nothing has changed'
);

select * from finish();

rollback;
