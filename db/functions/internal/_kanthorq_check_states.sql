-- The codes of states, for a filter; null for null. Raises KQ003 for an unknown state and for an empty list.
create or replace function kanthorq_schema._kanthorq_check_states(states text[])
returns smallint[]
language plpgsql
immutable
as $function$
declare
  v_unknown text;
begin
  if cardinality(states) = 0 or array_ndims(states) > 1 then
    raise exception 'states is not a list of at least one state'
      using errcode = 'KQ003', hint = 'Leave it out for those that are meant by default.';
  end if;
  select s into v_unknown from unnest(states) s where kanthorq_schema._kanthorq_task_state(s) is null limit 1;
  if found then
    perform kanthorq_schema._kanthorq_refuse_state(v_unknown);
  end if;
  return (select array_agg(kanthorq_schema._kanthorq_task_state(s)) from unnest(states) s);
end
$function$;

comment on function kanthorq_schema._kanthorq_check_states is 'Internal. The codes of states; KQ003 for an unknown one.';
