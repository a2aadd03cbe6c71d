-- The name of a state. A state that KanthorQ does not have shows as its number.
create or replace function kanthorq_schema._kanthorq_task_state_name(state smallint)
returns text
language sql
immutable
return coalesce((select s.name from kanthorq_schema._kanthorq_task_states() s where s.code = state), state::text);

comment on function kanthorq_schema._kanthorq_task_state_name is 'Internal. The name of the state with this code; the code itself if it has none.';
