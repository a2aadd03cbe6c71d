begin;

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

create function pg_temp.grant_level(level text)
returns void
language sql
as $$ select test.as_owner(format('select kanthorq_grant(''kanthorq_test_role'', %L)', level)) $$;

select test.as_owner('create role kanthorq_test_role; grant execute on function kanthorq_stream_publish to kanthorq_test_role');

select plan(9);

select pg_temp.grant_level('operator');

select is(pg_temp.may(), 'view cancel', 'an operator gets the rights of the level, and loses others');

select pg_temp.grant_level('operator');

select is(pg_temp.may(), 'view cancel', 'giving it again changes nothing');

select pg_temp.grant_level('viewer');

select is(pg_temp.may(), 'view', 'an operator can be made a viewer');

select pg_temp.grant_level('operator');

select is(pg_temp.may(), 'view cancel', 'and a viewer an operator');

select is_empty(
  $$ select p.proname
     from pg_proc p, aclexplode(p.proacl) a
     where p.pronamespace = 'public'::regnamespace and a.grantee = 'kanthorq_test_role'::regrole and a.is_grantable $$,
  'what a role was given it may not pass on'
);

select test.as_owner('create role "kanthorq_test ""; drop role x; --"');

select test.as_owner('select kanthorq_grant(''kanthorq_test "; drop role x; --'', ''operator'')');

select ok(
  has_function_privilege('kanthorq_test "; drop role x; --', 'public.kanthorq_task_cancel'::regproc, 'execute'),
  'a role may be called anything'
);

select test.as_owner(
  'grant execute on function kanthorq_stream_publish to kanthorq_test_role; select kanthorq_revoke(''kanthorq_test_role'')'
);

select is_empty(
  $$ select proname from pg_proc
     where pronamespace = 'public'::regnamespace and has_function_privilege('kanthorq_test_role', oid, 'execute') $$,
  'revoke leaves nothing, also of what the role had been granted otherwise'
);

select ok(
  has_function_privilege('kanthorq_test "; drop role x; --', 'public.kanthorq_task_cancel'::regproc, 'execute'),
  'other roles keep what they have'
);

select lives_ok(
  $$ select test.as_owner('select kanthorq_revoke(''kanthorq_test_role'')') $$,
  'a role that has nothing is left as it is'
);

rollback;
