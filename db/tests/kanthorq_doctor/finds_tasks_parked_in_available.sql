begin;

select plan(2);

create temp table task as
select consumer, test.task(test.consumer(consumer), state) as id
from (values ('send_email', 'available'), ('send_email', 'available'), ('send_email', 'pending'), ('send_sms', 'available'))
  v (consumer, state);

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ values
       ('tasks in available', 'info',
         'consumer ''send_email'' has 2 available tasks; no worker of KanthorQ takes available tasks unless it has just made them',
         '-- to have them worked: call public.kanthorq_task_cancel_all(''send_email'', states => ''{available}''), then public.kanthorq_task_resume_all(''send_email'', states => ''{cancelled}'')'),
       ('tasks in available', 'info',
         'consumer ''send_sms'' has 1 available tasks; no worker of KanthorQ takes available tasks unless it has just made them',
         '-- to have them worked: call public.kanthorq_task_cancel_all(''send_sms'', states => ''{available}''), then public.kanthorq_task_resume_all(''send_sms'', states => ''{cancelled}'')') $$,
  'each consumer with available tasks is found; a person has to decide, for they may be new'
);

do $$
begin
  perform kanthorq_task_cancel(consumer, array[id]) from task;
  perform kanthorq_task_resume(consumer, array[id]) from task;
end
$$;

select is_empty($$ select * from kanthorq_doctor() $$, 'cancelled and resumed, they will run');

rollback;
