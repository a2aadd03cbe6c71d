-- Every function with the parameter `consumer`. Not kanthorq_task_operations: the log outlives the consumers.
begin;

create temp table consumer as
select test.consumer() as name;

create temp table refusal as
select c.name, c.call, v.code, v.message, v.what
from (
  select jsonb_build_object('consumer', quote_literal(consumer)) as given, 'KQ001' as code,
    format('there is no consumer %L%s', left(consumer, 100), case when length(consumer) > 100 then '...' end) as message, what
  from (values
    ('nobody', 'a name that is not in the registry'),
    ('Send_Email', 'a name in other case: names are case-sensitive'),
    ('send_email ', 'a name with a blank at the end'),
    ('', 'the empty name'),
    ('x''"; drop table kanthorq_consumer_registry; --', 'quotes and semicolons, which are part of the name'),
    (repeat('n', 10000), 'a very long name')
  ) n (consumer, what)
  union all
  values
    ('{"consumer": "null"}'::jsonb, 'KQ003', 'consumer is null', 'a null consumer'),
    ('{"consumer": "''nobody''", "event_ids": "''{}''"}', 'KQ001', 'there is no consumer ''nobody''', 'no ids of an unknown consumer'),
    ('{"consumer": "''nobody''", "states": "''{failed}''"}', 'KQ001', 'there is no consumer ''nobody''', 'a bad filter for one'),
    ('{"consumer": "''nobody''", "event_ids": "null"}', 'KQ003', 'event_ids is null', 'bad ids for one, which come first')
) v, test.calls(v.given, '{"action": "''cancel''"}') c
join test.parameters() p on p.function_name = c.name and p.name = 'consumer'
where c.name <> 'kanthorq_task_operations' and not (p.optional and v.message = 'consumer is null');

create temp table broken as
select * from test.calls('{"consumer": "''send_email''"}', '{"action": "''cancel''"}') where name <> 'kanthorq_task_operations';

select plan(2 + (select count(*)::integer from (select name from refusal union all select name from broken) t));

select cmp_ok((select count(distinct name) from refusal), '>=', 8::bigint, 'there are such functions');

select throws_ok(call, code, message, format('%s refuses %s', name, what)) from refusal;

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
