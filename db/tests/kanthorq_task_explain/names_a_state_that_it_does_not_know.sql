begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'running') as id;

do $$
begin
  perform test.as_owner(format('update %s set state = 7', test.task_table('send_email')));
end
$$;

select results_eq(
  $$ select state, can_cancel, can_resume, can_discard, why, next_run_at
     from task, kanthorq_task_explain('send_email', array[id]) $$,
  $$ values (
       '7', false, false, false, 'in state 7, which is none of KanthorQ''s: nothing here does anything with it', null::timestamptz
     ) $$,
  'such a task is there, but nothing is done with it'
);

select results_eq(
  $$ select u.updated, cardinality(u.noop)
     from task, kanthorq_task_cancel('send_email', array[id]) u $$,
  $$ values ('{}'::text[], 1) $$,
  'and so it is'
);

select * from finish();

rollback;
