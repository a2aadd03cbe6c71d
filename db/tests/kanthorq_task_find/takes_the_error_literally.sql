begin;

select plan(15);

create temp table task as
select error, test.task(test.consumer(), 'discarded', attempted_error => array[jsonb_build_object('error', error)]) as id
from unnest(array['100% of_it', '100 of it', 'a.c', 'abc', 'd:\temp', 'it''s', '$1 (x|y)* [z]', 'é']) error;

select results_eq(
  format('select last_error from kanthorq_task_find(''send_email'', error => %L) order by event_id', part),
  format('select error from task where error = any (%L) order by id', found::text),
  format('%L finds %s', part, found)
)
from (values
  ('100%', array['100% of_it']),
  ('%of', '{}'),
  ('of_it', array['100% of_it']),
  ('of_', array['100% of_it']),
  ('f_', array['100% of_it']),
  ('a.c', array['a.c']),
  ('.*', '{}'),
  ('\t', array['d:\temp']),
  ('\', array['d:\temp']),
  ('t''s', array['it''s']),
  ('(x|y)*', array['$1 (x|y)* [z]']),
  ('[z]', array['$1 (x|y)* [z]']),
  ('$1', array['$1 (x|y)* [z]']),
  ('é', array['é']),
  (' ', array['100% of_it', '100 of it', '$1 (x|y)* [z]'])
) v (part, found);

select * from finish();

rollback;
