-- The code of a state: the one place that has KanthorQ's numbers (entities.TaskState). They are stored in every consumer table,
-- so none may ever change. Null for a name that is no state.
create or replace function kanthorq_schema._kanthorq_task_state(name text)
returns smallint
language sql
immutable
return case name
  when 'discarded' then -102
  when 'cancelled' then -101
  when 'pending' then 0
  when 'available' then 1
  when 'running' then 2
  when 'completed' then 101
  when 'retryable' then 102
end::smallint;

comment on function kanthorq_schema._kanthorq_task_state is 'Internal. The code of the state with this name; null if there is none.';
