-- level: viewer
-- The functions as a short list, whose table in psql fits 80 columns. One that is not in it follows with the beginning of its
-- comment.
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
  with listed (n, call, purpose) as (
    values
      (1, 'kanthorq_doctor()', 'see what is wrong, with repairs'),
      (2, 'kanthorq_consumer_list()', 'list the consumers'),
      (3, 'kanthorq_task_stats(consumer)', 'count tasks by state'),
      (4, 'kanthorq_task_find(consumer)', 'list tasks'),
      (5, 'kanthorq_task_count(consumer)', 'count tasks'),
      (6, 'kanthorq_task_explain(consumer, ids)', 'see why a task waits'),
      (7, 'kanthorq_task_history(event)', 'see what happened to a task'),
      (8, 'kanthorq_event_missed(consumer)', 'see events that got no task'),
      (9, 'kanthorq_task_preview(action, consumer)', 'see what an _all call would do'),
      (10, 'kanthorq_task_operations(consumer)', 'read the log'),
      (11, 'kanthorq_task_undo_preview(operation)', 'see what an undo would do'),
      (12, 'kanthorq_task_cancel(consumer, ids)', 'cancel tasks'),
      (13, 'kanthorq_task_resume(consumer, ids)', 'resume tasks'),
      (14, 'kanthorq_task_discard(consumer, ids)', 'discard stuck tasks'),
      (15, 'kanthorq_task_undo(operation)', 'take one call back'),
      (16, 'call kanthorq_task_cancel_all(consumer)', 'cancel by filter'),
      (17, 'call kanthorq_task_resume_all(consumer)', 'resume by filter'),
      (18, 'call kanthorq_task_discard_all(consumer)', 'discard by filter'),
      (19, 'call kanthorq_task_undo_all(bulk)', 'take an _all call back'),
      (20, 'kanthorq_consumer_hold(consumer)', 'stop its intake'),
      (21, 'kanthorq_consumer_release(consumer)', 'end a hold'),
      (22, 'kanthorq_task_batch(action, consumer)', 'do one batch, in a program'),
      (23, 'kanthorq_task_undo_batch(bulk)', 'undo one batch, in a program'),
      (24, 'kanthorq_grant(role, level)', 'give viewer or operator rights'),
      (25, 'kanthorq_revoke(role)', 'take rights away'),
      (26, 'kanthorq_task_operation_purge(before)', 'shorten the log'),
      (27, 'kanthorq_stream_register(stream)', 'make a stream'),
      (28, 'kanthorq_stream_publish(stream, subject)', 'publish an event'),
      (29, 'kanthorq_consumer_register(stream, name)', 'make a consumer'),
      (30, 'kanthorq_task_convert(consumer, ids)', 'make tasks of events'),
      (31, 'kanthorq_help()', 'see this list'),
      (32, chr(92) || 'df+ kanthorq_task_find', 'read all about one, in psql'),
      (33, chr(92) || 'set SHOW_CONTEXT never', 'hide where errors come from')
  )
  select h.call, h.purpose
  from (
    select l.n, l.call, l.purpose from listed l
    union all
    select 100, format('%s()', p.proname), left(split_part(obj_description(p.oid, 'pg_proc'), e'\n', 1), 31)
    from pg_proc p
    where p.pronamespace = (
        select c.relnamespace from pg_class c where c.oid = 'kanthorq_schema.kanthorq_consumer_registry'::regclass
      )
      and p.proname like 'kanthorq\_%'
      and not exists (select from listed l where split_part(replace(l.call, 'call ', ''), '(', 1) = p.proname)
  ) h
  order by h.n, h.call;
end
$function$;

comment on function kanthorq_schema.kanthorq_help is 'Lists the functions, for psql. What each one takes and returns is in its comment: \df+ kanthorq_task_find

Returns a row for each:
call     how it is called, with the arguments that it needs
purpose  what for';
