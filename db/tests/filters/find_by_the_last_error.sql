begin;

create temp table task as
select name, test.task(test.consumer(), 'discarded', attempted_error => errors) as id
from (values
  ('refused', array[
    '{"at": 1, "error": "smtp: timeout", "stack": "refused here"}', '{"at": 2, "error": "smtp: connection refused"}']::jsonb[]),
  ('timeout', array['{"at": 1, "error": "smtp: connection refused"}', '{"at": 2, "error": "smtp: Timeout"}']::jsonb[]),
  ('no error', '{}'),
  ('no text', array['{"at": 1}']::jsonb[]),
  ('from zero', '[0:1]={"{\"error\": \"first\"}","{\"error\": \"second\"}"}'::jsonb[])
) v (name, errors)
union all
select error, test.task(test.consumer(), 'discarded', attempted_error => array[jsonb_build_object('error', error)])
from unnest(array['100% of_it', '100 of it', 'a.c', 'abc', 'd:\temp', 'it''s', '$1 (x|y)* [z]', 'é']) error;

create temp table expectation (part text, found text[], description text);

insert into expectation values
  ('connection refused', '{refused}', 'the last error counts, not those before it'),
  ('Timeout', '{timeout}', 'an error before the last does not hide the last'),
  ('timeout', '{}', 'upper and lower case differ'),
  ('smtp', '{refused,timeout}', 'it may stand at the beginning'),
  ('smtp: connection refused', '{refused}', 'it may be the whole'),
  ('refused here', '{}', 'the stack is no part of the error'),
  ('second', '{from zero}', 'the last is the last, wherever the array begins'),
  ('first', '{}', 'and no other is');

-- What means something to LIKE or to a regular expression means nothing here.
insert into expectation
select part, found, format('%L is that very text', part) from (values
  ('100%', '{100% of_it}'::text[]), ('%of', '{}'), ('of_it', '{100% of_it}'), ('of_', '{100% of_it}'), ('f_', '{100% of_it}'),
  ('a.c', '{a.c}'), ('.*', '{}'), ('\t', array['d:\temp']), ('\', array['d:\temp']), ('t''s', array['it''s']),
  ('(x|y)*', '{$1 (x|y)* [z]}'), ('[z]', '{$1 (x|y)* [z]}'), ('$1', '{$1 (x|y)* [z]}'), ('é', '{é}'),
  (' [', '{$1 (x|y)* [z]}'), ('0 o', '{100 of it}')
) v (part, found);

select plan((select count(*)::integer from expectation));

select results_eq(
  format('select t.name from kanthorq_task_find(''send_email'', error => %L) f join task t on t.id = f.event_id order by 1', part),
  format('select unnest(%L::text[])', found),
  description
)
from expectation;

rollback;
