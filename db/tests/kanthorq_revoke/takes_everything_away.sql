begin;

select plan(3);

do $$
begin
  perform test.as_owner('create role kanthorq_test_role; create role kanthorq_test_other');
  perform test.as_owner('select kanthorq_grant(r, ''operator'') from unnest(array[''kanthorq_test_role'', ''kanthorq_test_other'']) r');
  perform test.as_owner('grant execute on function kanthorq_stream_publish to kanthorq_test_role');
  perform test.as_owner('select kanthorq_revoke(''kanthorq_test_role'')');
end
$$;

select is_empty(
  $$ select proname from pg_proc
     where pronamespace = 'public'::regnamespace and has_function_privilege('kanthorq_test_role', oid, 'execute') $$,
  'the role may execute nothing any more, also what it had been granted otherwise'
);

select ok(
  has_function_privilege('kanthorq_test_other', 'public.kanthorq_task_cancel'::regproc, 'execute'),
  'other roles keep what they have'
);

select lives_ok(
  $$ select test.as_owner('select kanthorq_revoke(''kanthorq_test_role'')') $$,
  'a role that has nothing is left as it is'
);

select * from finish();

rollback;
