begin;

create temp table consumer as
select * from kanthorq_consumer_register('event_log', 'send_email', '{>}', attempt_max => 3, visibility_timeout => 7200000);

create temp table event as
select
  floor(extract(epoch from clock_timestamp()) * 1000) as at,
  kanthorq_stream_publish('event_log', 'order.created', 'body', '{"customer": "42"}') as id;

create temp table task as
select t.* from event, kanthorq_task_convert('send_email', array[event.id], 'running') t;

select plan(4);

select results_eq(
  $$ select to_jsonb(t) - 'schedule_at',
       t.schedule_at - 7200000 between event.at and extract(epoch from clock_timestamp()) * 1000
     from test.tasks('send_email') t, event $$,
  $$ select jsonb_build_object(
       'event_id', id, 'subject', 'order.created', 'state', 'running', 'finalized_at', 0, 'attempt_count', 0,
       'attempted_at', 0, 'attempted_error', '[]'::jsonb, 'metadata', '{"customer": "42"}'::jsonb,
       'created_at', round(extract(epoch from current_timestamp) * 1000),
       'updated_at', round(extract(epoch from current_timestamp) * 1000)), true
     from event $$,
  'the row has the event''s subject and metadata, is due after the consumer''s visibility timeout, and all else is at its default'
);

select results_eq(
  'select * from task',
  $$ select event_id, subject, state, false, to_timestamp(schedule_at / 1000.0), null::timestamptz, attempt_count, 3,
       null::timestamptz, null::text, metadata, to_timestamp(created_at / 1000.0), to_timestamp(updated_at / 1000.0)
     from test.tasks('send_email') $$,
  'the result is that row, with times for milliseconds and null for what has not been yet'
);

select results_eq('select * from task', $$ select * from kanthorq_task_find('send_email') $$, 'find finds that very task');

select test.as_owner(format('drop table %I', 'kanthorq_' || stream_id)) from consumer;

select throws_ok(
  $$ select kanthorq_task_convert('send_email', '{a}') $$,
  'KQ002', (select format('the table public.kanthorq_%s of stream ''event_log'' is gone', stream_id) from consumer),
  'a consumer whose stream''s table was dropped is broken'
);

rollback;
