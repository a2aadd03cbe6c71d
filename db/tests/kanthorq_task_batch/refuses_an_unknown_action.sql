begin;

select plan(4);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  format($$ select kanthorq_task_batch(%L, 'send_email', everything => true) $$, action),
  'KQ003', coalesce(quote_literal(action), 'null') || ' is not an action',
  coalesce(quote_literal(action), 'null')
)
from unnest(array['delete', 'Cancel', 'undo', null]) action;

select * from finish();

rollback;
