begin;

select plan(3);

select throws_ok(
  format('select * from kanthorq_task_operations(max_operations => %s)', n),
  'KQ003', 'max_operations is ' || n,
  n
)
from unnest(array['0', '-1', 'null']) n;

select * from finish();

rollback;
