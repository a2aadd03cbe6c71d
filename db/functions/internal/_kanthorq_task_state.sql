-- The code of a state, given its name, so that no other function has to know a number.
--
-- Immutable: PostgreSQL folds a call with a literal into a constant, once per session.
-- Raises KQ003 for a name that is no state.
create or replace function kanthorq_schema._kanthorq_task_state(name text)
returns smallint
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_code smallint;
begin
  select s.code into v_code from kanthorq_schema._kanthorq_task_states() s where s.name = _kanthorq_task_state.name;
  if v_code is null then
    raise exception '% is not a task state', kanthorq_schema._kanthorq_shown(name)
      using errcode = 'KQ003',
        hint = 'The states are ' || (select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s) || '.';
  end if;
  return v_code;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_state is 'Internal. The code of the state with this name; KQ003 if there is none.';

revoke all on function kanthorq_schema._kanthorq_task_state from public;
