begin;

select test.consumer();

select kanthorq_stream_register('unread');

create temp table refusal (call, message) as values
  ('kanthorq_task_purge_batch(''send_email'', null)', 'finished_before is null'),
  ('kanthorq_task_purge_batch(''send_email'', ''infinity'')', 'finished_before is infinity'),
  ('kanthorq_event_purge_batch(''send_email_stream'', ''-infinity'')', 'before is -infinity'),
  ('kanthorq_task_purge_batch(''send_email'', now(), null)', 'states is not a list of at least one state'),
  ('kanthorq_task_purge_batch(''send_email'', now(), ''{}'')', 'states is not a list of at least one state'),
  ('kanthorq_task_purge_batch(''send_email'', now(), ''{completed,running}'')', 'purge does not take tasks in state running'),
  ('kanthorq_task_purge_batch(''send_email'', now(), ''{completed,null}'')', 'null is not a task state'),
  ('kanthorq_task_purge_batch(''send_email'', now(), batch_size => 0)', 'batch_size is 0, the most rows are null'),
  ('kanthorq_event_purge_batch(''send_email_stream'', now(), max_events => 0)', 'batch_size is 1000, the most rows are 0'),
  ('kanthorq_event_purge_batch(''unread'', now())', 'stream ''unread'' has no consumer');

select plan(2 + (select count(*)::integer from refusal));

select throws_ok('select ' || call, 'KQ003', message, message) from refusal;

select throws_like(
  format('select kanthorq_%s_purge_batch(%L, now(), progress => ''(,,,-1,,,)'')', what, name), 'progress is not one of this call%',
  'a progress that no batch returned is refused'
)
from (values ('task', 'send_email'), ('event', 'send_email_stream')) v (what, name);

select * from finish();

rollback;
