begin;

select plan(2);

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
  $$ select event_id, subject, state, schedule_at, finalized_at, attempt_count, attempted_at, attempted_error, metadata,
       created_at, updated_at
     from task $$,
  $$ select event_id, subject, state, to_timestamp(schedule_at / 1000.0), null::timestamptz, attempt_count,
       null::timestamptz, attempted_error, metadata, to_timestamp(created_at / 1000.0), to_timestamp(updated_at / 1000.0)
     from test.tasks('send_email') $$,
  'the result is that row, with times for milliseconds and null for what has not been yet'
);

select * from finish();

rollback;
