begin;

-- Three consumers, with the tasks for one part of the filter each. Tasks have the name of what is looked at.
create temp table task as
select consumer, name, test.task(test.consumer(consumer), 'discarded', attempted_error => errors) as id
from (
  select 'metadata' as consumer, unnest(array[
    '{"customer": "42", "region": "eu"}', '{"customer": 42}', '{"customer": "43", "region": "eu"}',
    '{"order": {"customer": "42", "lines": [1, 2]}}', '{}'
  ]) as name, '{}'::jsonb[] as errors
  union all
  select unnest(array['created_at', 'finalized_at']), milliseconds, '{}'
  from unnest(array['1699999999999', '1700000000000', '1700000000001', '1700000001000']) milliseconds
  union all
  select 'finalized_at', '0', '{}'
  union all
  select 'error', v.* from (values
    ('refused', array[
      '{"at": 1, "error": "smtp: timeout", "stack": "refused here"}', '{"at": 2, "error": "smtp: connection refused"}']::jsonb[]),
    ('timeout', array['{"at": 1, "error": "smtp: connection refused"}', '{"at": 2, "error": "smtp: Timeout"}']::jsonb[]),
    ('no error', '{}'),
    ('no text', array['{"at": 1}']::jsonb[]),
    ('from zero', '[0:1]={"{\"error\": \"first\"}","{\"error\": \"second\"}"}'::jsonb[])
  ) v
  union all
  select 'error', error, array[jsonb_build_object('error', error)]
  from unnest(array['100% of_it', '100 of it', 'a.c', 'abc', 'd:\temp', 'it''s', '$1 (x|y)* [z]', 'é']) error
) t;

select test.update(consumer, format('%I = %L', consumer, name), id) from task where consumer <> 'error';

create temp table expectation (consumer text, arguments text, found text[], description text);

insert into expectation
select 'metadata', format('metadata => %L', metadata), found, description
from (values
  ('{"customer": "42"}', array['{"customer": "42", "region": "eu"}'], 'tasks are found by a business key'),
  ('{"customer": 42}', array['{"customer": 42}'], 'a number is no text'),
  ('{"region": "eu"}', array['{"customer": "42", "region": "eu"}', '{"customer": "43", "region": "eu"}'], 'one key does for several tasks'),
  ('{"region": "eu", "customer": "43"}', array['{"customer": "43", "region": "eu"}'], 'all keys have to be there'),
  ('{"order": {"lines": [2]}}', array['{"order": {"customer": "42", "lines": [1, 2]}}'], 'what is inside counts too'),
  ('{"customer": "4"}', '{}', 'a part of a value is not enough')
) v (metadata, found, description);

insert into expectation
select 'error', format('error => %L', part), found, coalesce(description, format('%L is that very text', part))
from (values
  ('connection refused', '{refused}'::text[], 'the last error counts, not those before it'),
  ('Timeout', '{timeout}', 'an error before the last does not hide the last'),
  ('TIMEOUT', '{timeout}', 'upper and lower case are alike'),
  ('smtp', '{refused,timeout}', 'it may stand at the beginning'),
  ('smtp: connection refused', '{refused}', 'it may be the whole'),
  ('refused here', '{}', 'the stack is no part of the error'),
  ('second', '{from zero}', 'the last is the last, wherever the array begins'),
  ('first', '{}', 'and no other is'),
  -- What means something to LIKE or to a regular expression means nothing here.
  ('100%', '{100% of_it}', null), ('%of', '{}', null), ('of_it', '{100% of_it}', null), ('of_', '{100% of_it}', null), ('f_', '{100% of_it}', null),
  ('a.c', '{a.c}', null), ('.*', '{}', null), ('\t', array['d:\temp'], null), ('\', array['d:\temp'], null), ('t''s', array['it''s'], null),
  ('(x|y)*', '{$1 (x|y)* [z]}', null), ('[z]', '{$1 (x|y)* [z]}', null), ('$1', '{$1 (x|y)* [z]}', null), ('é', '{é}', null), ('É', case lower('É') when 'é' then '{é}' else '{}' end::text[], 'so are other letters that the locale knows'),
  (' [', '{$1 (x|y)* [z]}', null), ('0 o', '{100 of it}', null)
) v (part, found, description);

-- 1700000000 is 2023-11-14 22:13:20 UTC.
insert into expectation
select
  column_name, format('%1$s_after => %2$L, %1$s_before => %3$L', replace(column_name, '_at', ''), after, before), found,
  replace(description, 'created', replace(column_name, '_at', ''))
from unnest(array['created_at', 'finalized_at']) column_name, (values
  ('2023-11-14 22:13:20+00', null, '{1700000000000,1700000000001,1700000001000}'::text[], 'created_after takes what was made at that time'),
  ('2023-11-14 22:13:20.001+00', null, '{1700000000001,1700000001000}', 'but nothing from a millisecond before'),
  ('2023-11-14 22:13:20.0001+00', null, '{1700000000001,1700000001000}', 'nor from less than a millisecond before'),
  (null, '2023-11-14 22:13:20+00', '{1699999999999}', 'created_before leaves out what was made at that time'),
  (null, '2023-11-14 22:13:20.001+00', '{1699999999999,1700000000000}', 'and takes what was made a millisecond before'),
  (null, '2023-11-14 22:13:20.0001+00', '{1699999999999,1700000000000}', 'or less than a millisecond before'),
  ('2023-11-14 22:13:20+00', '2023-11-14 22:13:21+00', '{1700000000000,1700000000001}',
    'periods that follow each other share no task and leave none out'),
  ('2023-11-14 23:13:20.001+01', '2023-11-14 17:13:21-05', '{1700000000001}',
    'a time is a point in time, whatever the zone it is written in'),
  ('2023-11-14 22:13:21+00', '2023-11-14 22:13:20+00', '{}', 'a period that ends before it begins has no tasks')
) v (after, before, found, description);

insert into expectation
values ('finalized_at', 'finalized_after => ''1960-01-01Z''', '{1699999999999,1700000000000,1700000000001,1700000001000}', 'what is not finished has no such time');

select plan((select count(*)::integer from expectation));

select set_eq(
  format('select name from kanthorq_task_find(%L, %s) join task on id = event_id', consumer, arguments),
  found,
  format('%s: %s', arguments, description)
)
from expectation;

rollback;
