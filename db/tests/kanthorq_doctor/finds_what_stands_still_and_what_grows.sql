begin;

select test.only_granted();

-- What each consumer has: a scene that is found, and one that is not.
create temp table scene ("check", finding, found, passed_over) as
values
  (
    'nobody works', 'has 1 tasks that have been due for ten minutes or more, the oldest since 1970-01-01',
    $$ select test.task('%1$s', 'retryable') $$,
    $$ select test.task('%1$s', 'retryable'), test.task('%1$s', 'completed', finalized_at => %2$s - 60000);
       select test.task('%1$s', 'running', schedule_at => %2$s - 60000) $$
  ),
  (
    'pending tasks', 'has 2 pending tasks of more than a day',
    $$ select test.task('%1$s', 'pending') from generate_series(1, 2) $$,
    $$ select test.task('%1$s', 'pending'); select test.update('%1$s', 'created_at = %2$s - 3600000') $$
  ),
  (
    'more failures', 'has 100 tasks whose last attempt failed in the last hour, after 33 in the hour before',
    $$ select test.tasks_in_bulk('%1$s', 'discarded', 133);
       select test.update('%1$s', format('attempted_error = array[jsonb_build_object(''at'', %%s)]',
         %2$s - case when n > 33 then 60000 else 3700000 end), t.event_id)
       from (select event_id, row_number() over () as n from test.tasks('%1$s')) t $$,
    $$ select test.tasks_in_bulk('%1$s', 'discarded', 134);
       select test.update('%1$s', format('attempted_error = array[jsonb_build_object(''at'', %%s)]',
         %2$s - case when n > 34 then 60000 else 3700000 end), t.event_id)
       from (select event_id, row_number() over () as n from test.tasks('%1$s')) t $$
  ),
  (
    'mostly finished', 'has 100001 tasks, of which 100000 were finished more than 30 days ago',
    $$ select count(*) from test.tasks_in_bulk('%1$s', 'completed', 100000); select test.update('%1$s', 'finalized_at = 5000');
       select test.task('%1$s', 'available') $$,
    $$ select count(*) from test.tasks_in_bulk('%1$s', 'completed', 100000);
       select test.update('%1$s', 'finalized_at = %2$s') $$
  );

select plan(4);

create function pg_temp.sets(wrong scene)
returns void
language plpgsql
as $$
declare
  v_now bigint := extract(epoch from clock_timestamp()) * 1000;
begin
  perform test.consumer(replace(wrong."check", ' ', '_')), test.consumer('no_' || replace(wrong."check", ' ', '_'));
  perform test.as_owner(format(wrong.found, replace(wrong."check", ' ', '_'), v_now));
  perform test.as_owner(format(wrong.passed_over, 'no_' || replace(wrong."check", ' ', '_'), v_now));
end
$$;

select pg_temp.sets(scene) from scene;

create temp table finding as
select * from kanthorq_doctor();

select set_eq(
  format('select substr(detail, 1, %s) from finding where "check" = %L', length(d.detail), d."check"),
  array[d.detail],
  format('%s is found, and nothing like it', "check")
)
from (select "check", format('consumer ''%s'' %s', replace("check", ' ', '_'), finding) as detail from scene) d;

select * from finish();

rollback;
