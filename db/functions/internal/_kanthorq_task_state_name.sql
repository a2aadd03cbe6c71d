-- The name of a state. A state that KanthorQ does not have shows as its number.
create or replace function kanthorq_schema._kanthorq_task_state_name(state smallint)
returns text
language sql
immutable
return case state
  when kanthorq_schema._kanthorq_task_state('discarded') then 'discarded'
  when kanthorq_schema._kanthorq_task_state('cancelled') then 'cancelled'
  when kanthorq_schema._kanthorq_task_state('pending') then 'pending'
  when kanthorq_schema._kanthorq_task_state('available') then 'available'
  when kanthorq_schema._kanthorq_task_state('running') then 'running'
  when kanthorq_schema._kanthorq_task_state('completed') then 'completed'
  when kanthorq_schema._kanthorq_task_state('retryable') then 'retryable'
  else state::text
end;

comment on function kanthorq_schema._kanthorq_task_state_name is 'Internal. The name of the state with this code; the code itself if it has none.';
