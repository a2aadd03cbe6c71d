begin;

select plan(7);

create temp table task as
select name, metadata, test.task(test.consumer(), 'available') as id
from (values
  ('of 42', '{"customer": "42", "region": "eu"}'::jsonb),
  ('of number 42', '{"customer": 42}'),
  ('of 43', '{"customer": "43", "region": "eu"}'),
  ('nested', '{"order": {"customer": "42", "lines": [1, 2]}}'),
  ('empty', '{}')
) v (name, metadata);

do $$
begin
  perform test.as_owner(format('update %s set metadata = %L where event_id = %L', test.task_table('send_email'), metadata, id))
  from task;
end
$$;

create function pg_temp.found(metadata jsonb)
returns setof text
language sql
as $$
  select task.name from kanthorq_task_find('send_email', metadata => found.metadata) t join task on task.id = t.event_id order by 1
$$;

select results_eq($$ select pg_temp.found('{"customer": "42"}') $$, array['of 42'], 'tasks are found by a business key');
select results_eq($$ select pg_temp.found('{"customer": 42}') $$, array['of number 42'], 'a number is no text');
select results_eq($$ select pg_temp.found('{"region": "eu"}') $$, array['of 42', 'of 43'], 'one key does for several tasks');
select results_eq($$ select pg_temp.found('{"region": "eu", "customer": "43"}') $$, array['of 43'], 'all keys have to be there');
select results_eq($$ select pg_temp.found('{"order": {"lines": [2]}}') $$, array['nested'], 'what is inside counts too');
select is_empty($$ select pg_temp.found('{"customer": "4"}') $$, 'a part of a value is not enough');

select results_eq(
  $$ select pg_temp.found('{}') $$,
  array['empty', 'nested', 'of 42', 'of 43', 'of number 42'],
  'nothing asked for is in all of them'
);

select * from finish();

rollback;
