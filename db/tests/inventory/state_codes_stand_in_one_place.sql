begin;

select plan(2);

create temp table other as
select proname, prosrc
from pg_proc
where pronamespace = 'public'::regnamespace and proname <> '_kanthorq_task_states';

select is_empty(
  $$ select proname, matched from other, regexp_matches(prosrc, '\m10[12]\M', 'g') matched $$,
  'no function but _kanthorq_task_states has a code that cannot be anything else'
);

select is_empty(
  $$ select proname, matched
     from other, regexp_matches(prosrc, 'state\M[^;,()]*?(?:=|<>|<|>|\min\M|\mdefault\M)\s*[(]?\s*-?[0-9]+', 'g') matched $$,
  'none compares, sets or defaults a state to a bare number'
);

select * from finish();

rollback;
