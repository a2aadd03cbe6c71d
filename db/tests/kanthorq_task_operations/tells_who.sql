begin;

select plan(3);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

grant select on task to public;

-- A role that the one that logged in may take on.
select test.as_owner(format(
  'create role kanthorq_test_tells_who; grant kanthorq_test_tells_who to %I;'
  ' grant execute on function kanthorq_task_cancel, kanthorq_task_undo, kanthorq_task_operations to kanthorq_test_tells_who',
  session_user
));

set local application_name to 'night shift';

create temp table first as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 1));

set local role kanthorq_test_tells_who;

set local application_name to '';

do $$
begin
  perform public.kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 2));
end
$$;

reset role;

select results_eq(
  $$ select o.actor, o.application_name, o.client_addr from task join kanthorq_task_operations() o on o.event_ids = array[task.id] where n = 1 $$,
  $$ select session_user::text collate "default", 'night shift', inet_client_addr() $$,
  'the log has the role that logged in, what it calls its program, and where it is'
);

select results_eq(
  $$ select o.actor, o.application_name, o.client_addr from task join kanthorq_task_operations() o on o.event_ids = array[task.id] where n = 2 $$,
  $$ select session_user::text collate "default", null::text, inet_client_addr() $$,
  'also when it acts as another role, and a program without a name has none'
);

select isnt(
  (select distinct actor from kanthorq_task_operations()),
  'kanthorq_test_tells_who',
  'never the other role'
);

rollback;
