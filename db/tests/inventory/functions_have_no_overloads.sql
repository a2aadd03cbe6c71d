begin;

select plan(1);

select is_empty(
  $$ select proname from pg_proc where pronamespace = 'public'::regnamespace group by proname having count(*) > 1 $$,
  'each name is one function, so that a call with named arguments is never ambiguous'
);

select * from finish();

rollback;
