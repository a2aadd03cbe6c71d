begin;

select plan(1);

create temp table task as
select v.*, test.task(test.consumer(), state, attempt_count => attempt_count, schedule_at => at) as id
from (values
  ('running', 4, 1000, true),
  ('running', 3, 1000, false),
  ('running', 4, 4102444800000, false),
  ('running', 32767, 0, true),
  ('retryable', 4, 1000, false),
  ('available', 4, 1000, false),
  ('pending', 4, 1000, false),
  ('discarded', 4, 1000, false),
  ('cancelled', 4, 1000, false),
  ('completed', 4, 1000, false)
) v (state, attempt_count, at, stuck);

select results_eq(
  $$ select t.event_id, t.state, t.attempt_count, t.stuck from kanthorq_task_find('send_email', oldest_first => true) t $$,
  $$ select id, state, attempt_count, stuck from task order by id $$,
  'a task is stuck if it is running, overdue, and has more attempts behind it than there may be'
);

select * from finish();

rollback;
