begin;

select plan(1);

create temp table task as
select ms, test.task(test.consumer(), state) as id
from (values ('pending', 1700000000123), ('pending', 1700000000122), ('pending', 1700000000124), ('completed', 5)) v (state, ms);

do $$
begin
  perform test.as_owner(format('update %s set created_at = %s where event_id = %L', test.task_table('send_email'), ms, id))
  from task;
end
$$;

select results_eq(
  $$ select state, oldest from kanthorq_task_stats('send_email') $$,
  $$ values
       ('pending', '2023-11-14 22:13:20.122+00'::timestamptz),
       ('completed', '1970-01-01 00:00:00.005+00'::timestamptz) $$,
  'oldest is when the first of the tasks in that state was made'
);

select * from finish();

rollback;
