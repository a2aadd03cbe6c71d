begin;

-- Another consumer with the same tasks, for the pullers of KanthorQ.
create temp table task as
select c.name as consumer, v.name, v.attempts, test.task(c.name, v.state, attempt_count => v.attempts, schedule_at => v.due) as id
from (values (test.consumer()), (test.consumer('send_sms'))) c (name)
cross join (values
  ('failed', 'retryable', 1, 1000),
  ('failed in its last attempt', 'retryable', 3, 1000),
  ('not reported', 'running', 0, 1000),
  ('not reported twice', 'running', 2, 1000),
  ('failed, not due', 'retryable', 1, 4102444800000),
  ('held', 'running', 0, 4102444800000),
  ('stuck', 'running', 4, 1000),
  ('failed too often', 'retryable', 4, 1000),
  ('pending', 'pending', 0, 1000),
  ('available', 'available', 0, 1000),
  ('completed', 'completed', 0, 1000),
  ('cancelled', 'cancelled', 0, 1000),
  ('discarded', 'discarded', 0, 1000)
) v (name, state, attempts, due);

create temp table started as
select (extract(epoch from now()) * 1000)::bigint as at;

create temp table pulled as
select * from kanthorq_task_pull('send_email', lookback => '0');

select plan(7);

select set_eq(
  'select t.name from pulled p join task t on t.id = p.event_id',
  $$ select t.name from test.pull('send_sms', 'retryable') p (id) join task t using (id)
     union all select t.name from test.pull('send_sms') p (id) join task t using (id) $$,
  'the pullers of KanthorQ take the same tasks'
);

select results_eq(
  'select t.name, p.attempt from pulled p join task t on t.id = p.event_id order by 1',
  $$ select name, attempts + 1 from task where name in ('failed', 'failed in its last attempt', 'not reported', 'not reported twice') and consumer = 'send_email' order by 1 $$,
  'the attempt is one more'
);

select results_eq(
  'select distinct subject, body, metadata, attempt_max from pulled',
  $$ values ('order.created', 'body'::bytea, '{"customer": "42"}'::jsonb, 3) $$,
  'a task comes with its event'
);

select ok(
  bool_and(
    r.state = 'running' and r.attempted_at >= s.at and r.attempt_count = t.attempts + 1
    and r.schedule_at - r.attempted_at between 300000 + t.attempts ^ 4 * 900 and 300000 + t.attempts ^ 4 * 1100
    and extract(epoch from p.lease_until) * 1000 = r.schedule_at
  ),
  'it is running for the visibility timeout and KanthorQ''s back-off'
)
from pulled p
join task t on t.id = p.event_id
join test.tasks('send_email') r on r.event_id = t.id
cross join started s;

select is_empty('select * from kanthorq_task_pull(''send_email'')', 'nobody gets a task that is held');

select test.update('send_email', 'schedule_at = 1000', id) from task where name = 'failed' and consumer = 'send_email';

select throws_ok('select kanthorq_task_pull(''send_email'', 0)', 'KQ003', 'max_tasks is 0', 'it takes at least one');

select results_eq(
  'select event_id, attempt from kanthorq_task_pull(''send_email'', 1)', 'select id, 3 from task where name = ''failed'' and consumer = ''send_email''',
  'when the lease is over, another worker gets it'
);

rollback;
