begin;

select plan(2);

select results_eq(
  $$ select distinct substring(h.call from '^(?:call )?(kanthorq_\w+)\(') collate "C" from kanthorq_help() h where h.call ~ '\(' order by 1 $$,
  $$ select p.proname::text collate "C" from pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.proname like 'kanthorq\_%'
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
     order by 1 $$,
  'it names every function of the API, and no other'
);

select cmp_ok(
  (select 7 + max(length(h.call)) + max(length(h.purpose)) from kanthorq_help() h), '<=', 80,
  'psql shows it in 80 columns'
);

select * from finish();

rollback;
