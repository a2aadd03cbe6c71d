begin;

select plan(4);

select is_empty($$ select * from kanthorq_task_stats() $$, 'without consumers there is nothing to show');

create temp table consumer as
select test.consumer('send_sms') as name
union all
select test.consumer('send_email')
union all
select test.consumer('idle');

create temp table task as
select test.task(consumer, state, schedule_at => 5000) as id
from (values ('send_sms', 'running'), ('send_sms', 'pending'), ('send_email', 'pending'), ('send_email', 'pending')) v (consumer, state);

select results_eq(
  $$ select * from kanthorq_task_stats() $$,
  $$ values
       ('send_email', 'pending', 2::bigint, to_timestamp(1), null::timestamptz, 0::bigint),
       ('send_sms', 'pending', 1, to_timestamp(1), null, 0),
       ('send_sms', 'running', 1, to_timestamp(1), to_timestamp(5), 0) $$,
  'all consumers are shown, and one without tasks has no row'
);

select results_eq(
  $$ select * from kanthorq_task_stats('send_sms') $$,
  $$ select * from kanthorq_task_stats(null) where consumer_name = 'send_sms' $$,
  'a name shows that one only'
);

select is_empty($$ select * from kanthorq_task_stats('idle') $$, 'also if it has no tasks');

select * from finish();

rollback;
