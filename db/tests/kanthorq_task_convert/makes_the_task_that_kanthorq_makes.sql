begin;

select plan(3);

create temp table event as
select
  floor(extract(epoch from clock_timestamp()) * 1000) as at,
  kanthorq_stream_publish(test.consumer() || '_stream', 'order.created', 'body', '{"customer": "42"}') as id;

create temp table task as
select t.* from event, kanthorq_task_convert('send_email', array[event.id], 'running') t;

select results_eq(
  $$ select to_jsonb(t) - 'schedule_at',
       t.schedule_at - 300000 between event.at and extract(epoch from clock_timestamp()) * 1000
     from test.tasks('send_email') t, event $$,
  $$ select jsonb_build_object(
       'event_id', id, 'subject', 'order.created', 'state', 'running', 'finalized_at', 0, 'attempt_count', 0,
       'attempted_at', 0, 'attempted_error', '[]'::jsonb, 'metadata', '{"customer": "42"}'::jsonb,
       'created_at', round(extract(epoch from current_timestamp) * 1000),
       'updated_at', round(extract(epoch from current_timestamp) * 1000)), true
     from event $$,
  'the row has the event''s subject and metadata, is due after the visibility timeout, and all else is at its default'
);

select results_eq(
  'select * from task',
  $$ select event_id, subject, state, false, to_timestamp(schedule_at / 1000.0), null::timestamptz, attempt_count, 3,
       null::timestamptz, null::text, metadata, to_timestamp(created_at / 1000.0), to_timestamp(updated_at / 1000.0)
     from test.tasks('send_email') $$,
  'the result is that row, as find returns it: with times for milliseconds and null for what has not been yet'
);

select results_eq(
  'select * from task',
  $$ select * from kanthorq_task_find('send_email') $$,
  'find finds that very task'
);

select * from finish();

rollback;
