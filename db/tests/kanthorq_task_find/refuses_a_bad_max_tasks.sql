begin;

select plan(4);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  format('select kanthorq_task_find(''send_email'', max_tasks => %s)', bad),
  'KQ003', format('max_tasks is %s', bad),
  format('%s is no size of a page', bad)
)
from unnest(array['0', '-1', '-2147483648', 'null']) bad;

select * from finish();

rollback;
