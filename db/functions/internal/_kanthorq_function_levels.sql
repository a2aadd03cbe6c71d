-- Who may call what: the level that each function of the API belongs to. An operator may call what a viewer may; what is
-- the owner's is granted to nobody.
--
-- The procedures that commit run as their caller, so whoever may call one needs what it calls: kanthorq_task_all and
-- kanthorq_task_batch.
create or replace function kanthorq_schema._kanthorq_function_levels(out name text, out level text)
returns setof record
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
values
  ('kanthorq_doctor', 'viewer'),
  ('kanthorq_task_count', 'viewer'),
  ('kanthorq_task_explain', 'viewer'),
  ('kanthorq_task_find', 'viewer'),
  ('kanthorq_task_operations', 'viewer'),
  ('kanthorq_task_stats', 'viewer'),
  ('kanthorq_task_all', 'operator'),
  ('kanthorq_task_batch', 'operator'),
  ('kanthorq_task_cancel', 'operator'),
  ('kanthorq_task_cancel_all', 'operator'),
  ('kanthorq_task_discard', 'operator'),
  ('kanthorq_task_discard_all', 'operator'),
  ('kanthorq_task_resume', 'operator'),
  ('kanthorq_task_resume_all', 'operator'),
  ('kanthorq_task_undo', 'operator'),
  ('kanthorq_consumer_register', 'owner'),
  ('kanthorq_grant', 'owner'),
  ('kanthorq_revoke', 'owner'),
  ('kanthorq_stream_publish', 'owner'),
  ('kanthorq_stream_register', 'owner'),
  ('kanthorq_task_convert', 'owner'),
  ('kanthorq_task_operation_purge', 'owner')
$function$;

comment on function kanthorq_schema._kanthorq_function_levels is 'Internal. The level that may call each function of the API.';

revoke all on function kanthorq_schema._kanthorq_function_levels from public;
