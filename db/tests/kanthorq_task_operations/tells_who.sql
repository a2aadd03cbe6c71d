begin;

select plan(1);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 2) n;

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

-- Also when it acts as another role. A program without a name has none.
select results_eq(
  $$ select o.actor, o.application_name, o.client_addr
     from task join kanthorq_task_operations() o on o.event_ids = array[task.id] order by n $$,
  $$ values
       (session_user::text collate "default", 'night shift', inet_client_addr()),
       (session_user::text collate "default", null, inet_client_addr()) $$,
  'the log has the role that logged in, what it calls its program, and where it is'
);

rollback;
