begin;

select test.consumer();

select kanthorq_consumer_register('send_email_stream', 'archive', '{order.>,x}', '{order.test,y}', 5, 2000);

create temp table event as
select n, kanthorq_stream_publish('send_email_stream', 'order.created', '') as id from generate_series(1, 3) n;

select test.as_owner(format('update public.%I set created_at = 7000', r.stream))
from test.read('select ''kanthorq_'' || id as stream from kanthorq_stream_registry') q, jsonb_to_record(q) r (stream text);

select test.as_owner(format($$ update kanthorq_consumer_registry set cursor = %L where name = 'archive' $$, id)) from event where n = 1;

-- Due, but without attempts; not due; due.
select test.task('send_email', s.state, s.attempts, s.due)
from (values ('running', 4, 1000), ('retryable', 0, 9000000000000), ('retryable', 3, 3000), ('running', 0, 2000), ('available', 0, 1))
  s (state, attempts, due);

select plan(4);

select results_eq(
  'select consumer_name, subject_includes, subject_excludes, attempt_max, visibility_timeout, unread, oldest_unread, oldest_due
   from kanthorq_consumer_list() order by 1',
  $$ values
    ('archive', '{order.>,x}'::text[], '{order.test,y}'::text[], 5, 2000::bigint, 7::bigint, to_timestamp(7), null::timestamptz),
    ('send_email', '{>}', '{}', 3, 300000, 8, to_timestamp(7), to_timestamp(2)) $$,
  'what it has not read, and since when tasks are due that a worker may take'
);

select results_eq('select unread from kanthorq_consumer_list(2)', array[2, 2]::bigint[], 'no more are counted than that');

select throws_ok('select kanthorq_consumer_list(0)', 'KQ003', 'max_events is 0', 'it is at least 1');

select test.drop_task_table('send_email');

select results_eq(
  'select consumer_name, oldest_due is null, unread from kanthorq_consumer_list()',
  $$ values ('archive', true, 7::bigint), ('send_email', true, 8) $$,
  'a consumer whose table is gone has a row, too'
);

select * from finish();

rollback;
