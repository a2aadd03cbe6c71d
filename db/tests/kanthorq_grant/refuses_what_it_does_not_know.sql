begin;

select plan(8);

create temp table before as
select proname, proacl::text from pg_proc where pronamespace = 'public'::regnamespace;

do $$
begin
  perform test.as_owner('create role kanthorq_test_role');
end
$$;

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(''kanthorq_test_role'', ''admin'')') $$,
  'KQ003', '''admin'' is not a level',
  'there are two levels'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(''kanthorq_test_role'', ''owner'')') $$,
  'KQ003', '''owner'' is not a level',
  'ownership is not given away here'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(''kanthorq_test_role'', null)') $$,
  'KQ003', 'null is not a level',
  'the level has to be said'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(''kanthorq_test_nobody'', ''viewer'')') $$,
  'KQ003', 'there is no role ''kanthorq_test_nobody''',
  'roles are not created'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(null, ''viewer'')') $$,
  'KQ003', 'there is no role null',
  'the role has to be said'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(''public'', ''viewer'')') $$,
  'KQ003', 'there is no role ''public''',
  'PUBLIC gets nothing'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_grant(current_user, ''viewer'')') $$,
  'KQ003', format('%L owns the functions', pg_get_userbyid((select nspowner from pg_namespace where nspname = 'test'))),
  'the owner keeps everything'
);

select results_eq(
  $$ select proname, proacl::text from pg_proc where pronamespace = 'public'::regnamespace order by proname $$,
  'select * from before order by proname',
  'nothing has changed'
);

select * from finish();

rollback;
