begin;

-- Of the tasks of each state, one was made at another time.
create temp table task as
select consumer, test.task(test.consumer(consumer), state, attempt_count => attempt_count, schedule_at => schedule_at) as id, created_at
from (values
  ('send_email', 'running', 3, 1700000000456, 1700000000124),
  ('send_email', 'running', 0, 1700000000457, 1700000000123),
  ('send_email', 'running', 4, 1700000000123, 1700000000125),
  ('send_email', 'running', 5, 0, 1700000000126),
  ('send_email', 'running', 4, 4102444800000, 1700000000127),
  ('send_email', 'retryable', 4, 1000, 1000),
  ('send_email', 'retryable', 3, 4102444800000, 5),
  ('send_email', 'retryable', 1, 4102444800001, 1000),
  ('send_email', 'available', 4, 1000, 1000),
  ('send_email', 'pending', 0, 1000, 1000),
  ('send_email', 'cancelled', 0, 1000, 1000),
  ('send_email', 'discarded', 4, 1000, 1000),
  ('send_email', 'completed', 1, 1000, 1000),
  ('send_email', 'completed', 1, 1000, 1000),
  ('send_sms', 'running', 4, 1000, 1000)
) v (consumer, state, attempt_count, schedule_at, created_at);

select test.update(consumer, 'created_at = ' || created_at, id) from task;

select plan(2);

select results_eq(
  $$ select * from kanthorq_task_stats() $$,
  $$ values
       ('send_email', 'discarded', 1::bigint, to_timestamp(1), null::timestamptz, 0::bigint, null::text),
       ('send_email', 'cancelled', 1, to_timestamp(1), null, 0, null),
       ('send_email', 'pending', 1, to_timestamp(1), null, 0, null),
       ('send_email', 'available', 1, to_timestamp(1), null, 0, null),
       ('send_email', 'running', 5, '2023-11-14 22:13:20.123+00', '2023-11-14 22:13:20.456+00', 2, null),
       ('send_email', 'completed', 2, to_timestamp(1), null, 0, null),
       ('send_email', 'retryable', 3, '1970-01-01 00:00:00.005+00', '2100-01-01 00:00:00+00', 0, null),
       ('send_sms', 'running', 1, to_timestamp(1), null, 1, null) $$,
  'a row for each state, in the order of KanthorQ''s codes, has the number of tasks, when the first was made, when the first is due'
  ' of those with attempts left, and how many are running, overdue and have none'
);

select results_eq(
  $$ select sum(tasks), sum(stuck) from kanthorq_task_stats('send_email') $$,
  $$ select kanthorq_task_count('send_email')::numeric, count(*)::numeric from kanthorq_task_find('send_email') where stuck $$,
  'together they are as many as count says, and as many stuck as find says'
);

rollback;
