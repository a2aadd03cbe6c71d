begin;

select plan(20);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  format('select kanthorq_task_find(''send_email'', %s)', bad),
  'KQ003', message,
  format('%s is refused', bad)
)
from (values
  ('states => ''{failed}''', '''failed'' is not a task state'),
  ('states => ''{running,Running}''', '''Running'' is not a task state'),
  ('states => ''{running,""}''', ''''' is not a task state'),
  ('states => ''{2}''', '''2'' is not a task state'),
  ('states => array[''running'', null]', 'null is not a task state'),
  ('states => ''{}''', 'states is not a list of at least one state'),
  ('states => ''{{running,pending},{available,completed}}''', 'states is not a list of at least one state'),
  ('states => ''{{running}}''', 'states is not a list of at least one state'),
  ('subject => ''''', 'subject is empty'),
  ('metadata => ''[]''', 'metadata is not an object but array'),
  ('metadata => ''[{"customer": "42"}]''', 'metadata is not an object but array'),
  ('metadata => ''1''', 'metadata is not an object but number'),
  ('metadata => ''"customer"''', 'metadata is not an object but string'),
  ('metadata => ''true''', 'metadata is not an object but boolean'),
  ('metadata => ''null''', 'metadata is not an object but null'),
  ('error => ''''', 'error is empty'),
  ('created_after => ''infinity''', 'created_after or created_before is infinite'),
  ('created_after => ''-infinity''', 'created_after or created_before is infinite'),
  ('created_before => ''infinity''', 'created_after or created_before is infinite'),
  ('created_before => ''-infinity'', created_after => now()', 'created_after or created_before is infinite')
) v (bad, message);

select * from finish();

rollback;
