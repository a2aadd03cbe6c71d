begin;

select plan(1);

select throws_ok(
  $$ select kanthorq_task_explain(null, '{a}') $$,
  'KQ003', 'consumer is null',
  'a null consumer is a bad argument'
);

select * from finish();

rollback;
