-- Raises KQ003 for a name that is no state.
create or replace function kanthorq_schema._kanthorq_refuse_state(name text)
returns void
language plpgsql
immutable
as $function$
begin
  raise exception '% is not a task state', kanthorq_schema._kanthorq_shown(name)
    using errcode = 'KQ003',
      hint = 'The states are ' || (select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s) || '.';
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_state is 'Internal. Raises KQ003 for a name that is no state.';
