begin;

create temp table task as
select test.task(test.consumer(consumer), state, attempt_count => attempt_count, schedule_at => schedule_at) as id
from (values
  ('send_email', 'running', 3, 1700000000456),
  ('send_email', 'running', 0, 1700000000457),
  ('send_email', 'running', 4, 1700000000123),
  ('send_email', 'running', 5, 0),
  ('send_email', 'running', 4, 4102444800000),
  ('send_email', 'retryable', 4, 1000),
  ('send_email', 'retryable', 3, 4102444800000),
  ('send_email', 'retryable', 1, 4102444800001),
  ('send_email', 'available', 4, 1000),
  ('send_email', 'pending', 0, 1000),
  ('send_email', 'cancelled', 0, 1000),
  ('send_email', 'discarded', 4, 1000),
  ('send_email', 'completed', 1, 1000),
  ('send_sms', 'running', 4, 1000)
) v (consumer, state, attempt_count, schedule_at);

select plan(2);

select results_eq(
  $$ select consumer_name, state, next_due, stuck from kanthorq_task_stats() $$,
  $$ values
       ('send_email', 'discarded', null::timestamptz, 0::bigint),
       ('send_email', 'cancelled', null, 0),
       ('send_email', 'pending', null, 0),
       ('send_email', 'available', null, 0),
       ('send_email', 'running', '2023-11-14 22:13:20.456+00', 2),
       ('send_email', 'completed', null, 0),
       ('send_email', 'retryable', '2100-01-01 00:00:00+00', 0),
       ('send_sms', 'running', null, 1) $$,
  'due are tasks that are running or retryable and have attempts left, stuck those that are running and overdue and have none'
);

select results_eq(
  $$ select sum(stuck) from kanthorq_task_stats('send_email') $$,
  $$ select count(*)::numeric from kanthorq_task_find('send_email') where stuck $$,
  'as many are stuck as find says'
);

rollback;
