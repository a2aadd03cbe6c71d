begin;

select plan(2);

create temp table task as
select v.*, test.task(test.consumer(), state, attempt_count => attempt_count, schedule_at => schedule_at) as id
from (values
  ('running', 3, 4102444800123, '2100-01-01 00:00:00.123+00'::timestamptz),
  ('retryable', 3, 4102444800123, '2100-01-01 00:00:00.123+00'),
  ('running', 4, 4102444800123, null),
  ('retryable', 4, 4102444800123, null),
  ('running', 4, 1000, null),
  ('retryable', 4, 1000, null),
  ('pending', 0, 1000, null),
  ('available', 0, 1000, null),
  ('completed', 0, 1000, null),
  ('cancelled', 0, 1000, null),
  ('discarded', 0, 4102444800123, null)
) v (state, attempt_count, schedule_at, next_run_at);

select results_eq(
  $$ select event_id, next_run_at
     from kanthorq_task_explain('send_email', (select array_agg(id order by id) from task) || '{event_x}') $$,
  $$ select id, next_run_at from task union all values ('event_x', null::timestamptz) order by id $$,
  'a running or retryable task with attempts left runs when it is due, and no other runs unless a person acts'
);

create temp table overdue as
select date_trunc('milliseconds', clock_timestamp()) as at, test.task('send_email', state, attempt_count => 3) as id
from unnest(array['running', 'retryable']) state;

select results_eq(
  $$ select event_id, next_run_at between o.at and clock_timestamp()
     from kanthorq_task_explain('send_email', (select array_agg(id order by id) from overdue)) e join overdue o on o.id = e.event_id
     order by event_id $$,
  'select id, true from overdue order by id',
  'one that is overdue runs now'
);

rollback;
