begin;

select plan(8);

create temp table task as
select name, test.task(test.consumer(), 'discarded', attempted_error => errors) as id
from (values
  ('refused', array['{"at": 1, "error": "smtp: timeout", "stack": "refused here"}', '{"at": 2, "error": "smtp: connection refused"}']::jsonb[]),
  ('timeout', array['{"at": 1, "error": "smtp: connection refused"}', '{"at": 2, "error": "smtp: Timeout"}']::jsonb[]),
  ('no error', '{}'),
  ('no text', array['{"at": 1}']::jsonb[]),
  ('from zero', '[0:1]={"{\"error\": \"first\"}","{\"error\": \"second\"}"}'::jsonb[])
) v (name, errors);

create function pg_temp.found(error text)
returns setof text
language sql
as $$
  select task.name from kanthorq_task_find('send_email', error => found.error) t join task on task.id = t.event_id order by 1
$$;

select results_eq($$ select pg_temp.found('connection refused') $$, array['refused'], 'the last error counts, not those before it');
select results_eq($$ select pg_temp.found('Timeout') $$, array['timeout'], 'neither does an error before the last hide the last');
select is_empty($$ select pg_temp.found('timeout') $$, 'upper and lower case differ');
select results_eq($$ select pg_temp.found('smtp') $$, array['refused', 'timeout'], 'it may stand at the beginning');
select results_eq($$ select pg_temp.found('smtp: connection refused') $$, array['refused'], 'it may be the whole');
select is_empty($$ select pg_temp.found('refused here') $$, 'the stack is no part of the error');
select results_eq($$ select pg_temp.found('second') $$, array['from zero'], 'the last is the last, wherever the array begins');
select is_empty($$ select pg_temp.found('first') $$, 'and no other is');

select * from finish();

rollback;
