begin;

create temp table task as
select name, metadata, test.task(test.consumer(), 'available') as id
from (values
  ('of 42', '{"customer": "42", "region": "eu"}'),
  ('of number 42', '{"customer": 42}'),
  ('of 43', '{"customer": "43", "region": "eu"}'),
  ('nested', '{"order": {"customer": "42", "lines": [1, 2]}}'),
  ('empty', '{}')
) v (name, metadata);

select test.update('send_email', format('metadata = %L', metadata), id) from task;

select plan(6);

select is(
  (
    select array_agg(t.name order by t.name)
    from kanthorq_task_find('send_email', metadata => v.metadata) f join task t on t.id = f.event_id
  ),
  v.found,
  v.description
)
from (values
  ('{"customer": "42"}'::jsonb, array['of 42'], 'tasks are found by a business key'),
  ('{"customer": 42}', array['of number 42'], 'a number is no text'),
  ('{"region": "eu"}', array['of 42', 'of 43'], 'one key does for several tasks'),
  ('{"region": "eu", "customer": "43"}', array['of 43'], 'all keys have to be there'),
  ('{"order": {"lines": [2]}}', array['nested'], 'what is inside counts too'),
  ('{"customer": "4"}', null, 'a part of a value is not enough')
) v (metadata, found, description);

rollback;
