-- The states of a task, by name and by code.
create or replace function kanthorq_schema._kanthorq_task_states(out name text, out code smallint)
returns setof record
language sql
immutable
begin atomic
  select s.name, kanthorq_schema._kanthorq_task_state(s.name)
  from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) s (name);
end;

comment on function kanthorq_schema._kanthorq_task_states is 'Internal. The states of a task, by name and by code.';
