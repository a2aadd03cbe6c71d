begin;

select plan(1);

create temp table task as
select test.task(test.consumer(), 'running') as id;

do $$
begin
  perform test.as_owner(format('update %s set state = 7', test.task_table('send_email')));
end
$$;

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_email') $$,
  $$ select id, '7' from task $$,
  'such a task is found, and shown with the number'
);

select * from finish();

rollback;
