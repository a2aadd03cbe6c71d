begin;

select plan(3);

create temp table consumer as
select test.consumer() as name;

create temp table gone as
select relname as name from pg_class where oid = test.task_table('send_email');

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_mail', everything => true) $$,
  'KQ001', 'there is no consumer ''send_mail''',
  'a name that is not registered is not found'
);

select throws_ok(
  $$ select kanthorq_task_batch('cancel', null, everything => true) $$,
  'KQ003', 'consumer is null',
  'null is not a name'
);

do $$
begin
  perform test.drop_task_table('send_email');
end
$$;

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_email', everything => true) $$,
  'KQ002', (select format('the table public.%s of consumer ''send_email'' is gone', name) from gone),
  'a consumer whose table was dropped is broken'
);

select * from finish();

rollback;
