begin;

select test.task(test.consumer(), 'running');

create temp table before as
select * from test.tasks('send_email');

create temp table refusal (call text, message text);

insert into refusal
select format('kanthorq_task_%s(''send_email'', ''{a,b}'', attempts => ''{1}''%s)', v.report, v.more), 'there are 1 attempts for 2 event_ids'
from (values ('complete', ''), ('fail', ', errors => ''{x,y}'''), ('extend', ''), ('release', '')) v (report, more)
union all
values
  ('kanthorq_task_fail(''send_email'', ''{a,b}'', ''{x}'')', 'there are 1 errors and null stacks for 2 event_ids'),
  ('kanthorq_task_fail(''send_email'', ''{a,b}'', null)', 'there are null errors and null stacks for 2 event_ids'),
  ('kanthorq_task_fail(''send_email'', ''{a,b}'', ''{x,y}'', stacks => ''{x}'')', 'there are 2 errors and 1 stacks for 2 event_ids'),
  ('kanthorq_task_fail(''send_email'', ''{a,b}'', ''{x,""}'')', 'errors[2] is empty'),
  ('kanthorq_task_fail(''send_email'', ''{a,b}'', ''{x,NULL}'')', 'errors[2] is null'),
  ('kanthorq_task_fail(''send_email'', ''{a}'', ''{x}'', retry_at => ''infinity'')', 'retry_at is infinity'),
  ('kanthorq_task_extend(''send_email'', ''{a}'', extend_by => ''0'')', 'extend_by is 00:00:00'),
  ('kanthorq_task_extend(''send_email'', ''{a}'', extend_by => ''2 years'')', 'extend_by is 2 years'),
  ('kanthorq_task_pull(''send_email'', null)', 'max_tasks is null'),
  ('kanthorq_task_pull(''send_email'', lookback => null)', 'lookback is null'),
  ('kanthorq_task_pull(''send_email'', lookback => ''-1 s'')', 'lookback is -00:00:01'),
  ('kanthorq_stream_publish_many(''send_email_stream'', ''{a,b}'', ''{x}'')', 'there are 1 bodies and null metadatas for 2 subjects'),
  ('kanthorq_stream_publish_many(''send_email_stream'', ''{a}'', ''{NULL}'')', 'bodies[1] is null'),
  ('kanthorq_stream_publish_many(''send_email_stream'', ''{a,a.}'', ''{x,x}'')', '''a.'' is not a subject'),
  ('kanthorq_stream_publish_many(''send_email_stream'', ''{a}'', ''{x}'', array[''[]''::jsonb])', 'metadatas has a part that is no object');

select plan(2 + (select count(*)::int from refusal));

select throws_ok('select ' || call, 'KQ003', message, call) from refusal;

select results_eq('select * from test.tasks(''send_email'')', 'select * from before', 'no task has changed');

select results_eq(
  $$ select r ->> 'n' from test.read((select format('select count(*) as n from %I', r ->> 'name')
     from test.read('select ''kanthorq_'' || stream_id as name from kanthorq_consumer_registry') r)) r $$,
  array['1'],
  'no event has been published'
);

rollback;
