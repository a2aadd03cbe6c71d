begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'discarded') as id;

do $$
begin
  perform test.as_owner(format('alter table %s add column note text default ''kept''', test.task_table('send_email')));
end
$$;

select results_eq(
  $$ select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task)) $$,
  $$ select array_agg(id) from task $$,
  'a table with a column more is served'
);

select results_eq(
  $$ select test.read(format('select event_id, note from %s', test.task_table('send_email'))) $$,
  $$ select jsonb_build_object('event_id', id, 'note', 'kept') from task $$,
  'the column keeps its value'
);

select * from finish();

rollback;
