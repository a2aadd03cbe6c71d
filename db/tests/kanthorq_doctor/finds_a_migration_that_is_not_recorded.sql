begin;

select plan(2);

create temp table newest as
select row ->> 'name' as name
from test.read('select name from kanthorq_migrations order by id desc limit 1') row;

select test.as_owner(format('delete from kanthorq_migrations where name = %L', name)) from newest;

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select 'migrations', 'warning', format('migration %s is not recorded in kanthorq_migrations', name),
       '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
     from newest $$,
  'the newest migration has to be in the migrations table'
);

select test.as_owner('drop table kanthorq_migrations');

select results_eq(
  $$ select "check", detail from kanthorq_doctor() $$,
  $$ select 'migrations', format('migration %s is not recorded in kanthorq_migrations', name) from newest $$,
  'so it is without a migrations table'
);

rollback;
