begin;

select plan(2);

create temp table task as
select test.task(test.consumer(name), 'pending') as id
from unnest(array['a_broken', 'send_email', 'z_broken']) name;

create temp table gone as
select relname as name from pg_class where oid = test.task_table('a_broken');

do $$
begin
  perform test.drop_task_table('a_broken'), test.drop_task_table('z_broken');
end
$$;

select results_eq(
  $$ select consumer_name, state, tasks from kanthorq_task_stats() $$,
  $$ values ('send_email', 'pending', 1::bigint) $$,
  'consumers whose table was dropped do not hide the others'
);

select throws_ok(
  $$ select kanthorq_task_stats('a_broken') $$,
  'KQ002', (select format('the table public.%s of consumer ''a_broken'' is gone', name) from gone),
  'asked for by name, one is reported'
);

select * from finish();

rollback;
