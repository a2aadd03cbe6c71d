-- The states of a task: the one place where KanthorQ's codes stand beside their names.
--
-- Codes are KanthorQ's own (entities.TaskState) and are stored in every consumer table, so none may ever change.
create or replace function kanthorq_schema._kanthorq_task_states(out name text, out code smallint)
returns setof record
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
values
  ('discarded', -102::smallint),
  ('cancelled', -101::smallint),
  ('pending', 0::smallint),
  ('available', 1::smallint),
  ('running', 2::smallint),
  ('completed', 101::smallint),
  ('retryable', 102::smallint)
$function$;

comment on function kanthorq_schema._kanthorq_task_states is 'Internal. The states of a task, by name and by code.';

revoke all on function kanthorq_schema._kanthorq_task_states from public;
