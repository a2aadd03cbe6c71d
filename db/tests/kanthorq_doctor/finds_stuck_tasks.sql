begin;

select plan(2);

create temp table task as
select consumer, test.task(test.consumer(consumer), state, attempt_count => attempt_count, schedule_at => schedule_at) as id
from (values
  ('send_email', 'running', 4, 1000),
  ('send_email', 'running', 5, 1000),
  ('send_email', 'running', 3, 1000),
  ('send_email', 'running', 4, 4102444800000),
  ('send_email', 'retryable', 4, 1000),
  ('send_sms', 'running', 4, 1000),
  ('idle', 'running', 3, 1000)
) v (consumer, state, attempt_count, schedule_at);

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ values
       ('stuck tasks', 'warning',
         'consumer ''send_email'' has 2 tasks that are running, overdue and out of attempts: no worker takes them again',
         'call public.kanthorq_task_discard_all(''send_email'', everything => true, reason => ''kanthorq_doctor'')'),
       ('stuck tasks', 'warning',
         'consumer ''send_sms'' has 1 tasks that are running, overdue and out of attempts: no worker takes them again',
         'call public.kanthorq_task_discard_all(''send_sms'', everything => true, reason => ''kanthorq_doctor'')') $$,
  'each consumer with stuck tasks is found, and a call that frees them'
);

-- The call commits, which a test that is a transaction cannot do. This is what it does.
do $$
begin
  perform kanthorq_task_discard(consumer, array[id]) from task;
end
$$;

select is_empty($$ select * from kanthorq_doctor() $$, 'discarded, they are not stuck');

rollback;
