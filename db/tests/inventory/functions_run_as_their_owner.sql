begin;

select plan(2);

-- A procedure that commits cannot be security definer.
select results_eq(
  $$ select proname::text collate "default" from pg_proc where pronamespace = 'public'::regnamespace and not prosecdef order by proname $$,
  array['kanthorq_task_all', 'kanthorq_task_cancel_all', 'kanthorq_task_discard_all', 'kanthorq_task_resume_all'],
  'all is security definer, so that a caller needs no rights on tables, but for the procedures that commit'
);

select results_eq(
  $$ select proname::text collate "default" from pg_proc where pronamespace = 'public'::regnamespace and prokind <> 'f' order by proname $$,
  array['kanthorq_task_all', 'kanthorq_task_cancel_all', 'kanthorq_task_discard_all', 'kanthorq_task_resume_all'],
  'nothing else is a procedure'
);

select * from finish();

rollback;
