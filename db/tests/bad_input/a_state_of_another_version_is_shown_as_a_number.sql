begin;

create temp table task as
select state, test.task(test.consumer(), state) as id from unnest(array['available', 'running']) state;

select test.update('send_email', 'state = 7', id) from task where state = 'running';

select plan(4);

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_email', oldest_first => true) $$,
  $$ select id, case state when 'running' then '7' else state end from task order by id $$,
  'find finds such a task'
);

select results_eq(
  $$ select state, tasks from kanthorq_task_stats('send_email') $$,
  $$ values ('available', 1::bigint), ('7', 1) $$,
  'stats leave no task out'
);

select results_eq(
  $$ select e.state, can_cancel, can_resume, can_discard, why, next_run_at
     from task, kanthorq_task_explain('send_email', array[id]) e where task.state = 'running' $$,
  $$ values (
       '7', false, false, false, 'in state 7, which KanthorQ does not have: no call takes it', null::timestamptz
     ) $$,
  'explain says that nothing is done with it'
);

select results_eq(
  $$ select action, updated from task, test.transitions(), test.move(action, 'send_email', array[id]) where state = 'running' $$,
  $$ select action, '{}'::text[] from test.transitions() $$,
  'and so it is'
);

rollback;
