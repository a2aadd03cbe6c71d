begin;

select plan(1);

-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause.
select is_empty(
  $$ select proname from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f' and not prosecdef $$,
  'every function is security definer, so that a caller needs no rights on tables'
);

select * from finish();

rollback;
