begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), state, attempt_count => attempt_count, schedule_at => schedule_at) as id
from (values
  ('running', 4, 1000),
  ('running', 5, 0),
  ('running', 3, 1000),
  ('running', 4, 4102444800000),
  ('retryable', 4, 1000),
  ('discarded', 4, 1000),
  ('available', 4, 1000)
) v (state, attempt_count, schedule_at);

select results_eq(
  $$ select state, tasks, stuck from kanthorq_task_stats('send_email') $$,
  $$ values ('discarded', 1::bigint, 0::bigint), ('available', 1, 0), ('running', 4, 2), ('retryable', 1, 0) $$,
  'stuck are those that are running, overdue, and have their attempts spent'
);

select results_eq(
  $$ select stuck from kanthorq_task_stats('send_email') where state = 'running' $$,
  $$ select count(*) from kanthorq_task_find('send_email') where stuck $$,
  'as many as find calls stuck'
);

select * from finish();

rollback;
