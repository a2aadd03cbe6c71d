begin;

select plan(2);

create temp table task as
select test.task(test.consumer(attempt_max => 3), 'discarded', attempt_count => 3) as id;

create temp table round (n integer, updated text[], pulled text[], state text);

do $$
declare
  v_id text := (select id from task);
  v_updated text[];
  v_pulled text[];
begin
  for i in 1..20 loop
    v_updated := (select r.updated from kanthorq_task_resume('send_email', array[v_id]) r);
    v_pulled := array(select test.pull('send_email'));
    perform test.fail('send_email', v_id);
    insert into round values (i, v_updated, v_pulled, test.state('send_email', v_id));
  end loop;
end
$$;

select results_eq(
  'select * from round order by n',
  $$ select i, array[id], array[id], 'discarded' from task, generate_series(1, 20) i $$,
  'a task that is resumed, pulled and fails can be resumed and is pulled again, twenty times over'
);

select results_eq(
  $$ select cardinality(attempted_error), attempt_count from test.tasks('send_email') $$,
  $$ values (20, 3) $$,
  'every error is kept'
);

rollback;
