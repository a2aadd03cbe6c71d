begin;

select plan(1);

select is_empty(
  $$ select proname
     from pg_proc
     where pronamespace = 'public'::regnamespace and prokind = 'f'
       and not exists (select from unnest(proconfig) c where c ~ '^search_path=pg_catalog, (.*, )?pg_temp$') $$,
  'every search_path begins with pg_catalog and ends with pg_temp'
);

select * from finish();

rollback;
