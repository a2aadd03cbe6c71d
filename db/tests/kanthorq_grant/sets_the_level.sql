begin;

select plan(6);

create function pg_temp.may()
returns text
language sql
as $$
  select concat_ws(' ',
    case when has_function_privilege('kanthorq_test_role', 'public.kanthorq_task_count'::regproc, 'execute') then 'view' end,
    case when has_function_privilege('kanthorq_test_role', 'public.kanthorq_task_cancel'::regproc, 'execute') then 'cancel' end,
    case when has_function_privilege('kanthorq_test_role', 'public.kanthorq_stream_publish'::regproc, 'execute') then 'publish' end
  )
$$;

do $$
begin
  perform test.as_owner('create role kanthorq_test_role');
  perform test.as_owner('grant execute on function kanthorq_stream_publish to kanthorq_test_role');
  perform test.as_owner('select kanthorq_grant(''kanthorq_test_role'', ''operator'')');
end
$$;

select is(pg_temp.may(), 'view cancel', 'an operator gets the rights of the level, and loses others');

do $$
begin
  perform test.as_owner('select kanthorq_grant(''kanthorq_test_role'', ''operator'')');
end
$$;

select is(pg_temp.may(), 'view cancel', 'giving it again changes nothing');

do $$
begin
  perform test.as_owner('select kanthorq_grant(''kanthorq_test_role'', ''viewer'')');
end
$$;

select is(pg_temp.may(), 'view', 'an operator can be made a viewer');

do $$
begin
  perform test.as_owner('select kanthorq_grant(''kanthorq_test_role'', ''operator'')');
end
$$;

select is(pg_temp.may(), 'view cancel', 'and a viewer an operator');

select is_empty(
  $$ select p.proname
     from pg_proc p, aclexplode(p.proacl) a
     where p.pronamespace = 'public'::regnamespace and a.grantee = 'kanthorq_test_role'::regrole and a.is_grantable $$,
  'what a role was given it may not pass on'
);

do $$
begin
  perform test.as_owner('create role "kanthorq_test ""; drop role x; --"');
  perform test.as_owner('select kanthorq_grant(''kanthorq_test "; drop role x; --'', ''viewer'')');
end
$$;

select ok(
  has_function_privilege('kanthorq_test "; drop role x; --', 'public.kanthorq_task_count'::regproc, 'execute'),
  'a role may be called anything'
);

select * from finish();

rollback;
