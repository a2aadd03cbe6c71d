begin;

select plan(1);

-- A procedure that commits cannot carry a SET clause.
select results_eq(
  $$ select proname::text collate "default"
     from pg_proc
     where pronamespace = 'public'::regnamespace
       and not exists (select from unnest(proconfig) c where c ~ '^search_path=pg_catalog, (.*, )?pg_temp$')
     order by proname $$,
  array['kanthorq_task_all', 'kanthorq_task_cancel_all', 'kanthorq_task_discard_all', 'kanthorq_task_resume_all'],
  'every search_path begins with pg_catalog and ends with pg_temp, but for the procedures that commit'
);

select * from finish();

rollback;
