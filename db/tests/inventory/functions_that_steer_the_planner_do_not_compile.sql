-- Before PostgreSQL 18 a plan node that is switched off, but has to be used, costs ten thousand million. Just-in-time
-- compilation takes that for a heavy query and spends hundreds of milliseconds on it.
begin;

select plan(2);

create temp table steering as
select proname, proconfig from pg_proc
where pronamespace = 'public'::regnamespace and array_to_string(proconfig, ' ') ~ 'enable_\w+=off';

select isnt_empty('select * from steering', 'some functions switch parts of the planner off');

select is_empty(
  $$ select proname from steering where not proconfig @> array['jit=off'] $$,
  'all of them switch just-in-time compilation off too'
);

select * from finish();

rollback;
