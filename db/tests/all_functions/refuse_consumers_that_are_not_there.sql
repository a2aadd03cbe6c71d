-- Every function with the parameter `consumer`. Not kanthorq_task_operations: the log outlives the consumers.
begin;

create temp table consumer as
select test.consumer() as name;

create temp table refusal as
select c.*, v.consumer, v.what
from (values
  ('nobody', 'a name that is not in the registry'),
  ('Send_Email', 'a name in other case: names are case-sensitive'),
  ('send_email ', 'a name with a blank at the end'),
  ('', 'the empty name'),
  ('x''"; drop table kanthorq_consumer_registry; --', 'quotes and semicolons, which are part of the name'),
  (repeat('n', 10000), 'a very long name')
) v (consumer, what), test.calls(jsonb_build_object('consumer', quote_literal(v.consumer)), '{"action": "''cancel''"}') c
where c.name <> 'kanthorq_task_operations';

create temp table of_null as
select c.* from test.calls('{"consumer": "null"}', '{"action": "''cancel''"}') c
join test.parameters() p on p.function_name = c.name and p.name = 'consumer' and not p.optional;

create temp table first_refusal as
select c.*, v.* from (values
  ('{"consumer": "''nobody''", "event_ids": "''{}''"}'::jsonb, 'KQ001', 'there is no consumer ''nobody''', 'no ids at all'),
  ('{"consumer": "''nobody''", "states": "''{failed}''"}', 'KQ001', 'there is no consumer ''nobody''', 'a bad filter'),
  ('{"consumer": "''nobody''", "event_ids": "null"}', 'KQ003', 'event_ids is null', 'bad ids, which come first')
) v (given, code, message, what), test.calls(v.given, '{"action": "''cancel''"}') c;

create temp table broken as
select * from test.calls('{"consumer": "''send_email''"}', '{"action": "''cancel''"}') where name <> 'kanthorq_task_operations';

select plan((
  select 2 + count(*)::integer
  from (
    select name from refusal
    union all select name from of_null
    union all select name from first_refusal
    union all select name from broken
  ) t
));

select cmp_ok((select count(distinct name) from refusal), '>=', 8::bigint, 'there are such functions');

select throws_ok(
  call, 'KQ001', format('there is no consumer %L%s', left(consumer, 100), case when length(consumer) > 100 then '...' end),
  format('%s refuses %s', name, what)
)
from refusal;

select throws_ok(call, 'KQ003', 'consumer is null', format('%s refuses a null consumer', name)) from of_null;

select throws_ok(call, code, message, format('%s refuses an unknown consumer with %s', name, what)) from first_refusal;

create temp table gone as
select test.task_table('send_email')::text as name;

select test.drop_task_table('send_email');

select throws_ok(
  call, 'KQ002', (select format('the table public.%s of consumer ''send_email'' is gone', gone.name) from gone),
  format('%s refuses a consumer whose table was dropped', name)
)
from broken;

select is_empty($$ select * from kanthorq_task_operations('nobody') $$, 'the log of a consumer that there is not is empty');

rollback;
