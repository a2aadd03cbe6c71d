begin;

select plan(3);

select throws_ok(
  $$ select test.as_owner('select kanthorq_revoke(''kanthorq_test_nobody'')') $$,
  'KQ003', 'there is no role ''kanthorq_test_nobody''',
  'there has to be such a role'
);

select throws_ok(
  $$ select test.as_owner('select kanthorq_revoke(null)') $$,
  'KQ003', 'there is no role null',
  'the role has to be said'
);

-- Without EXECUTE on the internal functions, none of the owner's own would work any more.
select throws_ok(
  $$ select test.as_owner('select kanthorq_revoke(current_user)') $$,
  'KQ003', format('%L owns the functions', pg_get_userbyid((select nspowner from pg_namespace where nspname = 'test'))),
  'the owner can''t lose its own rights'
);

select * from finish();

rollback;
