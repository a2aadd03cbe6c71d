begin;

select plan(2);

create temp table start as
select date_trunc('milliseconds', clock_timestamp()) as at;

set local timezone to 'UTC';

create temp table task as
select v.*, test.task(
  test.consumer(), state, attempt_count => attempt_count, schedule_at => schedule_at, finalized_at => finalized_at,
  attempted_error => errors
) as id
from (values
  ('pending', 0, 1000, null, 0, '{}'::jsonb[], 'pending: no worker takes it until a person acts; cancel it, then resume it'),
  ('available', 0, 1000, null, 0, '{}', 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'),
  ('completed', 1, 1000, null, 1700000000999, '{}', 'completed at 2023-11-14 22:13:20+00: nothing is left to do'),
  ('completed', 1, 1000, null, 0, '{}', 'completed: nothing is left to do'),
  ('cancelled', 0, 1000, null, 1700000000000, '{}', 'cancelled at 2023-11-14 22:13:20+00; resume it to have it worked again'),
  ('cancelled', 0, 1000, null, 0, '{}', 'cancelled; resume it to have it worked again'),
  ('discarded', 3, 1000, null, 1700000000000, array['{"error": "no route"}', '{"error": "smtp: 100% refused"}']::jsonb[],
    'discarded at 2023-11-14 22:13:20+00 after 3 attempts: smtp: 100% refused; resume it to have it worked again'),
  ('discarded', 0, 4102444800000, null, 0, '{}', 'discarded after 0 attempts; resume it to have it worked again'),
  ('retryable', 4, 1000, null, 0, '{}', 'retryable, attempts spent (4 of 3): no worker takes it; cancel it, then resume it'),
  ('retryable', 4, 4102444800000, null, 0, '{}', 'retryable, attempts spent (4 of 3): no worker takes it; cancel it, then resume it'),
  ('retryable', 3, 1000, 'now', 0, '{}', 'retryable and due: the next free worker takes it'),
  ('retryable', 3, 4102444800000, '2100-01-01 00:00:00+00', 0, '{}', 'retryable, due at 2100-01-01 00:00:00+00'),
  ('running', 4, 1000, null, 0, '{}', 'running, overdue, attempts spent (4 of 3): no worker takes it again; discard it'),
  ('running', 3, 1000, 'now', 0, '{}', 'running and overdue: the next free worker picks it up again'),
  ('running', 4, 4102444800999, null, 0, '{}',
    'running until 2100-01-01 00:00:00+00, attempts spent (4 of 3): no worker takes it after that; then discard it'),
  ('running', 3, 4102444800999, '2100-01-01 00:00:00.999+00', 0, '{}', 'running until 2100-01-01 00:00:00+00, then picked up again')
) v (state, attempt_count, schedule_at, next_run, finalized_at, errors, why);

select results_eq(
  $$ select event_id, state, case when next_run_at between start.at and clock_timestamp() then 'now' else next_run_at::text end, why
     from start, kanthorq_task_explain('send_email', (select array_agg(id order by id) from task) || '{event_x}') $$,
  $$ select id, state, next_run, why from task
     union all
     values ('event_x', null, null, 'not found: the consumer has no task of this event')
     order by id $$,
  'each task has a time at which it runs, if any, and a sentence that says where it stands and what can be done'
);

set local timezone to 'Asia/Kolkata';

set local datestyle to 'SQL, DMY';

select results_eq(
  $$ select why
     from kanthorq_task_explain('send_email', (select array[id] from task where why = 'retryable, due at 2100-01-01 00:00:00+00')) $$,
  array['retryable, due at 01/01/2100 05:30:00 IST'],
  'times are in the time zone of the session, and as it writes them'
);

rollback;
