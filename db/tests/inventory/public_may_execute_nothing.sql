begin;

create temp table ours as
select proname, array(select format_type(t, null) from unnest(proargtypes::oid[]) with ordinality a (t, n) order by n) as args
from pg_proc
where pronamespace = 'public'::regnamespace;

select plan((select count(*)::integer from ours));

select function_privs_are(
  'public', proname, args, 'public', '{}',
  format('%s is executable by nobody until it is granted', proname)
)
from ours;

select * from finish();

rollback;
