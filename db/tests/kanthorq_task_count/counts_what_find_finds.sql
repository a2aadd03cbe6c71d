begin;

select plan(17);

create temp table task as
select n, test.task(
  test.consumer(),
  (array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable'])[1 + n % 7],
  subject => (array['order.created', 'order.cancelled', 'order.created.v2', 'invoice.created'])[1 + n % 4],
  attempted_error => (array['{}', '{"{\"error\": \"smtp: timeout\"}"}', '{"{\"error\": \"no route\"}"}'])[1 + n % 3]::jsonb[]
) as id
from generate_series(0, 167) n;

select test.as_owner(
  format(
    'update %s set created_at = 1000 * %s, metadata = %L where event_id = %L',
    test.task_table('send_email'), n, jsonb_build_object('customer', (n % 5)::text), id
  )
)
from task;

create temp table filter (arguments text, tasks bigint);

insert into filter values
  ('states => ''{discarded}''', 24),
  ('states => ''{discarded,running,discarded}''', 48),
  ('subject => ''order.created''', 42),
  ('subject => ''order.*''', 84),
  ('subject => ''order.>''', 126),
  ('subject => ''nothing.>''', 0),
  ('metadata => ''{"customer": "0"}''', 34),
  ('metadata => ''{"customer": 0}''', 0),
  ('error => ''timeout''', 56),
  ('error => ''%''', 0),
  ('created_after => to_timestamp(100)', 68),
  ('created_before => to_timestamp(100)', 100),
  ('created_after => to_timestamp(100), created_before => to_timestamp(110)', 10),
  ('states => ''{discarded}'', subject => ''order.>'', error => ''timeout''', 6),
  ('states => ''{discarded}'', metadata => ''{"customer": "0"}'', created_before => to_timestamp(100)', 3),
  ('states => null, subject => null', 168);

select results_eq(
  format(
    'select kanthorq_task_count(''send_email'', %1$s),'
    ' (select count(*) from kanthorq_task_find(''send_email'', %1$s, max_tasks => 1000))',
    arguments
  ),
  format('values (%s::bigint, %1$s::bigint)', tasks),
  format('%s are counted and found with %s', tasks, arguments)
)
from filter;

select is(
  kanthorq_task_count(
    'send_email', '{running,discarded}', 'order.>', '{"customer": "0"}', 'smtp', to_timestamp(0), to_timestamp(1000)
  ),
  (select count(*)
   from kanthorq_task_find(
     'send_email', '{running,discarded}', 'order.>', '{"customer": "0"}', 'smtp', to_timestamp(0), to_timestamp(1000))),
  'so it is with all of them at once, in order'
);

select * from finish();

rollback;
