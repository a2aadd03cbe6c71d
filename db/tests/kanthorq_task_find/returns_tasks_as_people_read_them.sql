begin;

select plan(1);

create temp table task as
select name, test.task(
  test.consumer(attempt_max => 32767), state, attempt_count => attempt_count, schedule_at => schedule_at, finalized_at => finalized_at,
  subject => 'order.created', attempted_error => errors
) as id
from (values
  ('new', 'pending', 0, 0, 0, '{}'::jsonb[]),
  ('old', 'discarded', 3, 1700000000123, 1700000001456, array['{"error": "first"}', '{"at": 1, "error": "second", "stack": "x"}']::jsonb[])
) v (name, state, attempt_count, schedule_at, finalized_at, errors);

select test.update('send_email', 'attempted_at = 1700000000789, updated_at = 2001', id) from task where name = 'old';

select results_eq(
  $$ select t.* from kanthorq_task_find('send_email', oldest_first => true) t $$,
  $$ select id, 'order.created'::text, v.state, false, v.schedule_at::timestamptz, v.finalized_at::timestamptz, attempt_count, 32767,
       v.attempted_at::timestamptz, v.last_error, '{"customer": "42"}'::jsonb, to_timestamp(1), v.updated_at::timestamptz
     from (values
         ('new', 'pending', null, null, 0, null, null, '1970-01-01 00:00:01+00'),
         ('old', 'discarded', '2023-11-14 22:13:20.123+00', '2023-11-14 22:13:21.456+00', 3, '2023-11-14 22:13:20.789+00', 'second',
           '1970-01-01 00:00:02.001+00')
       ) v (name, state, schedule_at, finalized_at, attempt_count, attempted_at, last_error, updated_at)
       join task using (name)
     order by id $$,
  'states have names, milliseconds are times, 0 is null, attempt_max is the consumer''s, and the last error has its own column'
);

rollback;
