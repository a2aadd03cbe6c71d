begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), state, attempt_count => attempt_count, schedule_at => schedule_at) as id
from (values
  ('running', 3, 1700000000456),
  ('running', 0, 1700000000457),
  ('running', 4, 1700000000123),
  ('retryable', 4, 1000),
  ('retryable', 3, 4102444800000),
  ('retryable', 1, 4102444800001),
  ('available', 0, 1000),
  ('pending', 0, 1000),
  ('cancelled', 0, 1000),
  ('discarded', 3, 1000),
  ('completed', 1, 1000)
) v (state, attempt_count, schedule_at);

select results_eq(
  $$ select state, next_due from kanthorq_task_stats('send_email') $$,
  $$ values
       ('discarded', null::timestamptz),
       ('cancelled', null),
       ('pending', null),
       ('available', null),
       ('running', '2023-11-14 22:13:20.456+00'),
       ('completed', null),
       ('retryable', '2100-01-01 00:00:00+00') $$,
  'next_due is of those that are running or retryable and have attempts left, for no worker takes another'
);

create temp table other as
select test.task(test.consumer('send_sms'), 'running', attempt_count => 4) as id;

select results_eq(
  $$ select state, next_due from kanthorq_task_stats('send_sms') $$,
  $$ values ('running', null::timestamptz) $$,
  'where none has, nothing is due'
);

select * from finish();

rollback;
