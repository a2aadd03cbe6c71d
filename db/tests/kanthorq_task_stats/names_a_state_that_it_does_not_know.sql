begin;

select plan(1);

create temp table task as
select test.task(test.consumer(), state) as id from unnest(array['available', 'running']) state;

do $$
begin
  perform test.as_owner(format(
    'update %s set state = 7 where state = _kanthorq_task_state(''running'')', test.task_table('send_email')
  ));
end
$$;

select results_eq(
  $$ select state, tasks from kanthorq_task_stats('send_email') $$,
  $$ values ('available', 1::bigint), ('7', 1) $$,
  'no task is left out'
);

select * from finish();

rollback;
