-- Every function with the parameters of a filter.
begin;

create temp table task as
select test.task(test.consumer(), 'available') as id;

create temp table refusal as
select c.*, v.*
from (values
  ('{"states": "''{failed}''"}'::jsonb, '''failed'' is not a task state'),
  ('{"states": "''{running,Running}''"}', '''Running'' is not a task state'),
  ('{"states": "''{running,\"\"}''"}', ''''' is not a task state'),
  ('{"states": "''{2}''"}', '''2'' is not a task state'),
  ('{"states": "array[''running'', null]"}', 'null is not a task state'),
  ('{"states": "''{}''"}', 'states is not a list of at least one state'),
  ('{"states": "''{{running,pending},{available,completed}}''"}', 'states is not a list of at least one state'),
  ('{"states": "''{{running}}''"}', 'states is not a list of at least one state'),
  ('{"metadata": "''[]''"}', 'metadata is not an object but array'),
  ('{"metadata": "''[{\"customer\": \"42\"}]''"}', 'metadata is not an object but array'),
  ('{"metadata": "''1''"}', 'metadata is not an object but number'),
  ('{"metadata": "''\"customer\"''"}', 'metadata is not an object but string'),
  ('{"metadata": "''true''"}', 'metadata is not an object but boolean'),
  ('{"metadata": "''null''"}', 'metadata is not an object but null'),
  ('{"states": "null", "metadata": "''{}''"}', 'metadata is empty'),
  ('{"states": "null", "subject": "''''"}', 'subject is empty'),
  ('{"states": "null", "subject": "repeat(''s'', 257)"}', 'subject has 257 characters'),
  ('{"states": "null", "error": "''''"}', 'error is empty'),
  ('{"fingerprint": "''''"}', 'fingerprint is '''', which is not one'),
  ('{"fingerprint": "''order 42 not found''"}', 'fingerprint is ''order 42 not found'', which is not one'),
  ('{"created_after": "''infinity''"}', 'created_after is infinite'),
  ('{"created_after": "''-infinity''"}', 'created_after is infinite'),
  ('{"created_before": "''infinity''"}', 'created_before is infinite'),
  ('{"created_before": "''-infinity''", "created_after": "now()"}', 'created_before is infinite'),
  ('{"finalized_after": "''infinity''"}', 'finalized_after is infinite'),
  ('{"finalized_before": "''-infinity''"}', 'finalized_before is infinite')
) v (given, message), test.calls(v.given, '{"consumer": "''send_email''", "action": "''cancel''"}') c
-- The metadata of an event are checked where it is published.
where c.name <> 'kanthorq_stream_publish';

select plan(2 + (select count(*)::integer from refusal));

select set_has(
  'select name from refusal',
  $$ values ('kanthorq_task_find'), ('kanthorq_task_count'), ('kanthorq_task_errors'), ('kanthorq_task_batch') $$,
  'there are such functions'
);

select throws_ok(call, 'KQ003', message, format('%s refuses %s', name, given)) from refusal;

select results_eq('select state from test.tasks(''send_email'')', array['available'], 'nothing has changed');

rollback;
