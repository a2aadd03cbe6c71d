-- kanthorq_revoke too: without EXECUTE on the internal functions, none of the owner's own would work any more.
begin;

create temp table before as
select proname, proacl::text from pg_proc where pronamespace = 'public'::regnamespace;

select test.as_owner('create role kanthorq_test_role');

select plan(11);

select throws_ok(format('select test.as_owner(%L)', 'select ' || call), 'KQ003', message, description)
from (values
  ('kanthorq_grant(''kanthorq_test_role'', ''admin'')', '''admin'' is not a level', 'admin is no level'),
  ('kanthorq_grant(''kanthorq_test_role'', ''owner'')', '''owner'' is not a level', 'ownership is not given away here'),
  ('kanthorq_grant(''kanthorq_test_role'', null)', 'null is not a level', 'the level has to be said'),
  ('kanthorq_grant(''kanthorq_test_nobody'', ''viewer'')', 'there is no role ''kanthorq_test_nobody''', 'roles are not created'),
  ('kanthorq_grant(null, ''viewer'')', 'there is no role null', 'the role has to be said'),
  ('kanthorq_grant(''public'', ''viewer'')', 'there is no role ''public''', 'PUBLIC gets nothing'),
  ('kanthorq_grant(current_user, ''viewer'')', null, 'the owner keeps everything'),
  ('kanthorq_revoke(''kanthorq_test_nobody'')', 'there is no role ''kanthorq_test_nobody''', 'revoke wants a role that there is'),
  ('kanthorq_revoke(null)', 'there is no role null', 'revoke wants a role'),
  ('kanthorq_revoke(current_user)', null, 'the owner can''t lose its own rights')
) v (call, refusal, description),
coalesce(refusal, format('%L owns the functions', pg_get_userbyid((select nspowner from pg_namespace where nspname = 'test')))) message;

select results_eq(
  $$ select proname, proacl::text from pg_proc where pronamespace = 'public'::regnamespace order by proname $$,
  'select * from before order by proname',
  'nothing has changed'
);

rollback;
