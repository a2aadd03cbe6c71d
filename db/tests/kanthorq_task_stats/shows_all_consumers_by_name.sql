begin;

select plan(5);

select is_empty($$ select * from kanthorq_task_stats() $$, 'without consumers there is nothing to show');

create temp table consumer as
select test.consumer(name) as name from unnest(array['z_broken', 'send_sms', 'send_email', 'idle', 'a_broken']) name;

create temp table task as
select test.task(consumer, state, schedule_at => 5000) as id
from (values
  ('send_sms', 'running'), ('send_sms', 'pending'), ('send_email', 'pending'), ('send_email', 'pending'), ('a_broken', 'pending')
) v (consumer, state);

select test.drop_task_table(name) from consumer where name like '%broken';

select results_eq(
  $$ select * from kanthorq_task_stats() $$,
  $$ values
       ('send_email', 'pending', 2::bigint, to_timestamp(1), null::timestamptz, 0::bigint, null::text),
       ('send_sms', 'pending', 1, to_timestamp(1), null, 0, null),
       ('send_sms', 'running', 1, to_timestamp(1), to_timestamp(5), 0, null) $$,
  'all consumers are shown but those whose table was dropped, and one without tasks has no row'
);

select results_eq(
  $$ select * from kanthorq_task_stats('send_sms') $$,
  $$ select * from kanthorq_task_stats(null) where consumer_name = 'send_sms' $$,
  'a name shows that one only'
);

select is_empty($$ select * from kanthorq_task_stats('idle') $$, 'also if it has no tasks');

select isnt_empty(
  $$ select from kanthorq_doctor() where detail ~ 'a_broken' $$, 'the doctor names the ones whose table was dropped'
);

rollback;
