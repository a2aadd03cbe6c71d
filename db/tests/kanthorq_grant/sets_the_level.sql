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

-- Gives the role a level, and returns what it may do then.
create function pg_temp.granted(level text)
returns text
language plpgsql
as $$
begin
  perform test.as_owner(format('select kanthorq_grant(''kanthorq_test_role'', %L)', level));
  return pg_temp.may();
end
$$;

select test.as_owner('create role kanthorq_test_role; grant execute on function kanthorq_stream_publish to kanthorq_test_role');

select plan(9);

select is(pg_temp.granted(level), rights, description)
from (values
  ('operator', 'view cancel', 'an operator gets the rights of the level, and loses others'),
  ('operator', 'view cancel', 'giving it again changes nothing'),
  ('viewer', 'view', 'an operator can be made a viewer'),
  ('operator', 'view cancel', 'and a viewer an operator')
) v (level, rights, description);

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
