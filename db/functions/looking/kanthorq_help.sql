-- level: viewer
-- The functions as a short list, whose table in psql fits 80 columns. A test compares it with the functions that there are.
create or replace function kanthorq_schema.kanthorq_help()
returns table (
  call text,
  purpose text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return query
  values
    ('kanthorq_doctor()', 'see what is wrong, with repairs'),
    ('kanthorq_consumer_list()', 'list the consumers'),
    ('kanthorq_task_stats(consumer)', 'count tasks by state'),
    ('kanthorq_task_find(consumer)', 'list tasks'),
    ('kanthorq_task_count(consumer)', 'count tasks'),
    ('kanthorq_task_explain(consumer, ids)', 'see why a task waits'),
    ('kanthorq_task_preview(action, consumer)', 'see what an _all call would do'),
    ('kanthorq_task_operations(consumer)', 'read the log'),
    ('kanthorq_task_undo_preview(operation)', 'see what an undo would do'),
    ('kanthorq_task_cancel(consumer, ids)', 'cancel tasks'),
    ('kanthorq_task_resume(consumer, ids)', 'resume tasks'),
    ('kanthorq_task_discard(consumer, ids)', 'discard stuck tasks'),
    ('kanthorq_task_undo(operation)', 'take one call back'),
    ('call kanthorq_task_cancel_all(consumer)', 'cancel by filter'),
    ('call kanthorq_task_resume_all(consumer)', 'resume by filter'),
    ('call kanthorq_task_discard_all(consumer)', 'discard by filter'),
    ('call kanthorq_task_undo_all(bulk)', 'take an _all call back'),
    ('kanthorq_task_batch(action, consumer)', 'do one batch, in a program'),
    ('kanthorq_task_undo_batch(bulk)', 'undo one batch, in a program'),
    ('kanthorq_grant(role, level)', 'give viewer or operator rights'),
    ('kanthorq_revoke(role)', 'take rights away'),
    ('kanthorq_task_operation_purge(before)', 'shorten the log'),
    ('kanthorq_stream_register(stream)', 'make a stream'),
    ('kanthorq_stream_publish(stream, subject)', 'publish an event'),
    ('kanthorq_consumer_register(stream, name)', 'make a consumer'),
    ('kanthorq_task_convert(consumer, ids)', 'make tasks of events'),
    ('kanthorq_help()', 'see this list'),
    ('\df+ kanthorq_task_find', 'read all about one, in psql'),
    ('\set SHOW_CONTEXT never', 'hide where errors come from');
end
$function$;

comment on function kanthorq_schema.kanthorq_help is 'Lists the functions, for psql. What each one takes and returns is in its comment: \df+ kanthorq_task_find

Returns a row for each:
call     how it is called, with the arguments that it needs
purpose  what for';
