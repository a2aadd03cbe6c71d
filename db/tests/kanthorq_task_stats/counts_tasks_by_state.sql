begin;

create temp table task as
select test.task(test.consumer(), state, schedule_at => 0) as id
from (values
  ('discarded', 1), ('cancelled', 2), ('pending', 3), ('available', 4), ('running', 5), ('completed', 6), ('retryable', 7)
) v (state, n), generate_series(1, n);

select plan(3);

select results_eq(
  $$ select * from kanthorq_task_stats('send_email') $$,
  $$ values
       ('send_email', 'discarded', 1::bigint, to_timestamp(1), null::timestamptz, 0::bigint),
       ('send_email', 'cancelled', 2, to_timestamp(1), null, 0),
       ('send_email', 'pending', 3, to_timestamp(1), null, 0),
       ('send_email', 'available', 4, to_timestamp(1), null, 0),
       ('send_email', 'running', 5, to_timestamp(1), to_timestamp(0), 0),
       ('send_email', 'completed', 6, to_timestamp(1), null, 0),
       ('send_email', 'retryable', 7, to_timestamp(1), to_timestamp(0), 0) $$,
  'each state has a row with the number of its tasks, in the order of KanthorQ''s codes'
);

select is(
  (select sum(tasks) from kanthorq_task_stats('send_email')), kanthorq_task_count('send_email')::numeric,
  'together they are all tasks'
);

-- When the tasks of the other consumer were made.
create temp table other as
select ms, test.task(test.consumer('send_sms'), state) as id
from (values ('pending', 1700000000123), ('pending', 1700000000122), ('pending', 1700000000124), ('completed', 5)) v (state, ms);

select test.update('send_sms', 'created_at = ' || ms, id) from other;

select results_eq(
  $$ select state, oldest from kanthorq_task_stats('send_sms') $$,
  $$ values
       ('pending', '2023-11-14 22:13:20.122+00'::timestamptz),
       ('completed', '1970-01-01 00:00:00.005+00'::timestamptz) $$,
  'oldest is when the first of the tasks in that state was made'
);

rollback;
