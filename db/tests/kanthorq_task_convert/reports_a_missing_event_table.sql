begin;

select plan(1);

create temp table stream as
select r.id from kanthorq_stream_register(test.consumer() || '_stream') r;

do $$
begin
  perform test.as_owner(format('drop table %I', 'kanthorq_' || id)) from stream;
end
$$;

select throws_ok(
  $$ select kanthorq_task_convert('send_email', '{a}') $$,
  'KQ002', (select format('the table public.kanthorq_%s of stream ''send_email_stream'' is gone', id) from stream),
  'a consumer whose stream''s table was dropped is broken'
);

select * from finish();

rollback;
