begin;

select plan(3);

select throws_ok(
  format('select * from kanthorq_task_errors(%s)', v.arguments), 'KQ003', v.message, format('%s is refused', v.arguments)
)
from (values
  ('max_tasks => 0', 'max_tasks is 0'),
  ('since => ''-infinity''', 'since is infinite'),
  ('until => ''infinity''', 'until is infinite')
) v (arguments, message);

select * from finish();

rollback;
