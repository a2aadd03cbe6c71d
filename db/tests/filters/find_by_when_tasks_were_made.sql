begin;

create temp table task as
select ms, test.task(test.consumer(), 'available') as id
from unnest(array[1699999999999, 1700000000000, 1700000000001, 1700000001000]) ms;

select test.update('send_email', 'created_at = ' || ms, id) from task;

select plan(9);

-- 1700000000 is 2023-11-14 22:13:20 UTC.
select results_eq(
  format(
    $$ select ms from kanthorq_task_find('send_email', created_after => %L, created_before => %L) f
       join task on id = f.event_id order by 1 $$,
    created_after, created_before
  ),
  format('select unnest(%L::bigint[])', found),
  description
)
from (values
  ('2023-11-14 22:13:20+00', null, array[1700000000000, 1700000000001, 1700000001000], 'created_after takes what was made at that time'),
  ('2023-11-14 22:13:20.001+00', null, array[1700000000001, 1700000001000], 'but nothing from a millisecond before'),
  ('2023-11-14 22:13:20.0001+00', null, array[1700000000001, 1700000001000], 'nor from less than a millisecond before'),
  (null, '2023-11-14 22:13:20+00', array[1699999999999], 'created_before leaves out what was made at that time'),
  (null, '2023-11-14 22:13:20.001+00', array[1699999999999, 1700000000000], 'and takes what was made a millisecond before'),
  (null, '2023-11-14 22:13:20.0001+00', array[1699999999999, 1700000000000], 'or less than a millisecond before'),
  ('2023-11-14 22:13:20+00', '2023-11-14 22:13:21+00', array[1700000000000, 1700000000001],
    'days that follow each other share no task and leave none out'),
  ('2023-11-14 23:13:20.001+01', '2023-11-14 17:13:21-05', array[1700000000001],
    'a time is a point in time, whatever the zone it is written in'),
  ('2023-11-14 22:13:21+00', '2023-11-14 22:13:20+00', '{}', 'a period that ends before it begins has no tasks')
) v (created_after, created_before, found, description);

rollback;
