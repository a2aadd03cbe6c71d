-- Who may execute what. Written by npm run generate from the line "level" in each file of db/functions.
--
-- An operator may execute what a viewer may. What is the owner's is granted to nobody. The procedures that commit run as their caller, so
-- an operator needs the helpers that they call.
create or replace function kanthorq_schema._kanthorq_function_levels(out name text, out level text)
returns setof record
language sql
immutable
begin atomic
  values
    ('_kanthorq_check_can_commit', 'operator'),
    ('_kanthorq_task_all', 'operator'),
    ('kanthorq_consumer_register', 'owner'),
    ('kanthorq_doctor', 'viewer'),
    ('kanthorq_grant', 'owner'),
    ('kanthorq_revoke', 'owner'),
    ('kanthorq_stream_publish', 'owner'),
    ('kanthorq_stream_register', 'owner'),
    ('kanthorq_task_batch', 'operator'),
    ('kanthorq_task_cancel', 'operator'),
    ('kanthorq_task_cancel_all', 'operator'),
    ('kanthorq_task_convert', 'owner'),
    ('kanthorq_task_count', 'viewer'),
    ('kanthorq_task_discard', 'operator'),
    ('kanthorq_task_discard_all', 'operator'),
    ('kanthorq_task_explain', 'viewer'),
    ('kanthorq_task_find', 'viewer'),
    ('kanthorq_task_operation_purge', 'owner'),
    ('kanthorq_task_operations', 'viewer'),
    ('kanthorq_task_preview', 'viewer'),
    ('kanthorq_task_resume', 'operator'),
    ('kanthorq_task_resume_all', 'operator'),
    ('kanthorq_task_stats', 'viewer'),
    ('kanthorq_task_undo', 'operator'),
    ('kanthorq_task_undo_all', 'operator'),
    ('kanthorq_task_undo_batch', 'operator');
end;

comment on function kanthorq_schema._kanthorq_function_levels is 'Internal. The level that may execute each function of the API.';
