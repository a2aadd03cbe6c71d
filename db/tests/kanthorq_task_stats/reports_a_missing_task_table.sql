begin;

select plan(1);

create temp table consumer as
select test.consumer() as name;

create temp table gone as
select relname as name from pg_class where oid = test.task_table('send_email');

do $$
begin
  perform test.drop_task_table('send_email');
end
$$;

select throws_ok(
  $$ select kanthorq_task_stats('send_email') $$,
  'KQ002', (select format('the table public.%s of consumer ''send_email'' is gone', name) from gone),
  'a consumer whose table was dropped is broken'
);

select * from finish();

rollback;
