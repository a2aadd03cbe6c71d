begin;

select plan(2);

select is_empty(
  $$ select proname
     from pg_proc
     where pronamespace = 'public'::regnamespace and coalesce(obj_description(oid, 'pg_proc'), '') = '' $$,
  'every function has a comment'
);

select is_empty(
  $$ select p.proname, a.name
     from pg_proc p, unnest(p.proargnames) with ordinality a (name, n)
     where p.pronamespace = 'public'::regnamespace and p.proname like 'kanthorq%' and p.prokind <> 'a'
       and coalesce(p.proargmodes[a.n], 'i') <> 't' and obj_description(p.oid, 'pg_proc') !~ ('\m' || a.name || '\M') $$,
  'the comment of a public function says what each argument is'
);

select * from finish();

rollback;
