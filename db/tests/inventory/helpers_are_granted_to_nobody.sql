begin;

select plan(1);

select is_empty(
  $$ select p.proname, a.grantee::regrole
     from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     where p.pronamespace = 'public'::regnamespace and p.proname like '\_%' and a.grantee <> p.proowner $$,
  'only the owner may execute an internal function'
);

select * from finish();

rollback;
