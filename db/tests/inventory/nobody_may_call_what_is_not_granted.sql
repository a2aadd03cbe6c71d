begin;

create temp table routine as
select proname, array(select format_type(t, null) from unnest(proargtypes::oid[]) with ordinality a (t, n) order by n) as args
from pg_proc
where pronamespace = 'public'::regnamespace;

select plan(1 + (select count(*)::integer from routine));

select function_privs_are(
  'public', proname, args, 'public', '{}',
  format('%s is executable by nobody until it is granted', proname)
)
from routine;

select is_empty(
  $$ select p.proname, a.grantee::regrole
     from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     where p.pronamespace = 'public'::regnamespace and p.proname like '\_%' and p.prokind = 'f' and a.grantee <> p.proowner $$,
  'only the owner may execute an internal function; procedures call the procedures as their caller'
);

rollback;
