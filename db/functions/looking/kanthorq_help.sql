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
    select u.n, split_part(u.line, ' -> ', 1), split_part(u.line, ' -> ', 2)
    from unnest(array[
      'kanthorq_doctor() -> see what is wrong, with repairs',
      'kanthorq_consumer_list() -> list the consumers',
      'kanthorq_task_stats(consumer) -> count tasks by state',
      'kanthorq_task_rates(consumer) -> see how fast it goes',
      'kanthorq_task_errors(consumer) -> group failures by cause',
      'kanthorq_task_find(consumer) -> list tasks',
      'kanthorq_task_count(consumer) -> count tasks',
      'kanthorq_task_explain(consumer, ids) -> see why a task waits',
      'kanthorq_task_history(event) -> see what happened to a task',
      'kanthorq_event_missed(consumer) -> see events that got no task',
      'kanthorq_task_preview(action, consumer) -> see what an _all call would do',
      'kanthorq_task_operations(consumer) -> read the log',
      'kanthorq_task_undo_preview(operation) -> see what an undo would do',
      'kanthorq_task_cancel(consumer, ids) -> cancel tasks',
      'kanthorq_task_resume(consumer, ids) -> resume tasks',
      'kanthorq_task_discard(consumer, ids) -> discard stuck tasks',
      'kanthorq_task_undo(operation) -> take one call back',
      'call kanthorq_task_cancel_all(consumer) -> cancel by filter',
      'call kanthorq_task_resume_all(consumer) -> resume by filter',
      'call kanthorq_task_discard_all(consumer) -> discard by filter',
      'call kanthorq_task_undo_all(bulk) -> take an _all call back',
      'kanthorq_task_batch(action, consumer) -> do one batch, in a program',
      'kanthorq_task_undo_batch(bulk) -> undo one batch, in a program',
      'kanthorq_consumer_hold(consumer) -> stop its intake',
      'kanthorq_consumer_release(consumer) -> end a hold',
      'kanthorq_grant(role, level) -> give a role its rights',
      'kanthorq_revoke(role) -> take rights away',
      'kanthorq_task_operation_purge(before) -> shorten the log',
      'call kanthorq_task_purge(consumer, time) -> delete old finished tasks',
      'kanthorq_task_purge_batch(consumer, time) -> do one batch, in a program',
      'call kanthorq_event_purge(stream, time) -> delete events nobody needs',
      'kanthorq_event_purge_batch(stream, time) -> do one batch, in a program',
      'kanthorq_stream_register(stream) -> make a stream',
      'kanthorq_stream_publish(stream, subject) -> publish an event',
      'kanthorq_stream_publish_many(stream) -> publish many events',
      'kanthorq_consumer_register(stream, name) -> make a consumer',
      'kanthorq_task_convert(consumer, ids) -> make tasks of events',
      'kanthorq_task_pull(consumer) -> get tasks to work on',
      'kanthorq_task_complete(consumer, ids) -> say that tasks are done',
      'kanthorq_task_fail(consumer, ids, errors) -> say that tasks failed',
      'kanthorq_task_extend(consumer, ids) -> keep tasks for longer',
      'kanthorq_task_release(consumer, ids) -> give tasks back',
      'kanthorq_help() -> see this list',
      chr(92) || 'df+ kanthorq_task_find -> read all about one, in psql',
      chr(92) || 'set SHOW_CONTEXT never -> hide where errors come from'
    ]) with ordinality u (line, n)
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
