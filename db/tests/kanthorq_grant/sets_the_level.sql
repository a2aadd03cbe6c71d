begin;

create function pg_temp.may()
returns text
language sql
as $$
  select concat_ws(' ',
    case when has_function_privilege('kanthorq_test_role', 'public.kanthorq_task_count'::regproc, 'execute') then 'view' end,
    case when has_function_privilege('kanthorq_test_role', 'public.kanthorq_task_cancel(text,text[],text,boolean)', 'execute') then 'cancel' end,
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

select plan(16);

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

-- What a GRANT on everything gave, and what a role passed on that might.
select test.as_owner($$
  create role kanthorq_test_group;
  grant all on all routines in schema public to kanthorq_test_role;
  grant all on all tables in schema public to kanthorq_test_role;
  grant all on all sequences in schema public to kanthorq_test_role;
  grant select (reason) on kanthorq_task_operation to kanthorq_test_role;
  grant usage on schema public to kanthorq_test_group;
  grant execute on function kanthorq_task_count to kanthorq_test_group with grant option;
  create function public.passed_on() returns void language sql security definer set search_path to public as
    'grant execute on function kanthorq_task_count to kanthorq_test_role';
  alter function public.passed_on() owner to kanthorq_test_group;
  select public.passed_on();
  create function public.kanthorq_task_cancel(integer) returns integer language sql as 'select 1';
  alter function public.kanthorq_task_cancel(integer) owner to kanthorq_test_group;
$$);

-- The rights of a role on what is ours, and on the schema.
create function pg_temp.rights()
returns setof text
language sql
as $$
  select distinct p.proname from pg_proc p, aclexplode(p.proacl) a where a.grantee = 'kanthorq_test_role'::regrole and p.proname ~ '^_?kanthorq'
  union
  select c.relname from pg_class c, aclexplode(c.relacl) a
  where a.grantee = 'kanthorq_test_role'::regrole and c.relname ~ '^kanthorq_(task_operation|migrations)'
  union
  select attname from pg_attribute, aclexplode(attacl) a where a.grantee = 'kanthorq_test_role'::regrole
$$;

select set_has(
  'select pg_temp.rights()',
  $$ select unnest(array['_kanthorq_task_log', 'kanthorq_grant', 'kanthorq_migrations', 'kanthorq_task_operation_id_seq', 'reason']) $$,
  'a GRANT on everything gives more than a level'
);

select results_eq(
  $$ select detail ~ '_kanthorq_task_log, .*kanthorq_grant, ', fix from kanthorq_doctor()
     where detail ~ 'kanthorq_test_role.*execute' $$,
  $$ values (true, 'select public.kanthorq_revoke(''kanthorq_test_role'')') $$,
  'which the doctor says'
);

select is(pg_temp.granted('viewer'), 'view', 'a viewer has what a viewer has then');

select is_empty($$ select detail from kanthorq_doctor() where detail ~ 'kanthorq_test_role.*(execute|task_operation)' $$, 'and the doctor says no more');

select set_eq(
  'select pg_temp.rights()', $$ select row ->> 'name' from test.read('select name from _kanthorq_function_levels() where level = ''viewer''') row $$,
  'in tables and sequences of ours too'
);

select test.as_owner(
  'revoke all on all tables in schema public from kanthorq_test_role; revoke all on all sequences in schema public from kanthorq_test_role;'
  ' select kanthorq_revoke(''kanthorq_test_role'')'
);

select set_eq('select pg_temp.rights()', '{}'::text[], 'revoke leaves none');

select lives_ok(
  $$ select test.as_owner('drop function passed_on(); revoke all on kanthorq_task_operation from kanthorq_test_role; drop role kanthorq_test_role') $$,
  'the role can be dropped'
);

rollback;
