begin;

-- The procedures among them are called by procedures, which run as their caller: operators may execute them.
-- The owner may call them, so as the owner the file runs as a role that PostgreSQL always has.
do $$
begin
  if pg_has_role((select nspowner from pg_namespace where nspname = 'test'), 'usage') then
    set local role to pg_read_all_stats;
  end if;
end
$$;

create temp table helper as
select p.proname, format(
  'select public.%I(%s)',
  p.proname,
  (select string_agg('null::' || format_type(t, null), ', ' order by n) from unnest(p.proargtypes::oid[]) with ordinality a (t, n))
) as call
from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.proname like '\_%' and p.prokind = 'f';

select plan((select count(*)::integer from helper));

select throws_ok(
  call,
  '42501', format('permission denied for function %s', proname),
  format('%s is out of reach for all but its owner', proname)
)
from helper;

rollback;
