begin;

-- What KanthorQ never writes, but the columns allow: a time in the wrong unit, a state of another version, an error that is no
-- object. Each is in one of three tasks of a consumer of its own.
create temp table odd as
select 'odd_' || row_number() over () as consumer, o.assignment from (values
  ('schedule_at = 1700000000000000000'), -- nanoseconds
  ('schedule_at = 9223372036854775807'),
  ('schedule_at = -9223372036854775808'),
  ('finalized_at = 9223372036854775807'),
  ('finalized_at = -9223372036854775808'),
  ('attempted_at = 9223372036854775807'),
  ('created_at = 9223372036854775807'),
  ('created_at = -9223372036854775808'),
  ('updated_at = 9223372036854775807'),
  ('updated_at = -9223372036854775808'),
  ('attempt_count = 32767'),
  ('attempt_count = -32768'),
  ('state = 42'),
  ('subject = '''''),
  ('attempted_error = array[null::jsonb]'),
  ('attempted_error = array[''"text"''::jsonb]'),
  ('attempted_error = array[''[1]''::jsonb, ''null''::jsonb]'),
  ('attempted_error = array[array[''{}''::jsonb], array[''{}''::jsonb]]'),
  ('attempted_error = ''[5:5]={"{\"error\": {\"code\": 1}}"}''::jsonb[]'),
  ('metadata = ''null'''),
  ('metadata = ''[1, 2]'''),
  ('metadata = jsonb_build_object(''a'', repeat(''x'', 1000000))')
) o (assignment);

create temp table task as
select o.consumer, n, test.task(test.consumer(o.consumer), 'available') as id from odd o, generate_series(1, 3) n;

select test.as_owner(format('update %s set %s where event_id = %L', test.task_table(o.consumer), o.assignment, t.id))
from odd o join task t on t.consumer = o.consumer and t.n = 2;

-- In this order. %1$L is the consumer; the tasks are those of `odd`.
create temp table call (n integer, description text, call text, result text);

insert into call values
  (1, 'all are found',
    'select event_id from kanthorq_task_find(%1$L, oldest_first => true)', 'select id from odd order by n'),
  (2, 'all are explained',
    'select event_id, why is not null from kanthorq_task_explain(%1$L, (select array_agg(id order by n) from odd))',
    'select id, true from odd order by n'),
  (3, 'all are counted',
    'select kanthorq_task_count(%1$L) + kanthorq_task_count(%1$L, error => ''no such error'')', 'select 3::bigint'),
  (4, 'the states are counted', 'select sum(tasks) from kanthorq_task_stats(%1$L)', 'select 3::numeric'),
  (5, 'the others are cancelled',
    'select odd.id from kanthorq_task_cancel(%1$L, (select array_agg(id order by n) from odd)) c, odd'
    ' where id = any (c.updated) and n <> 2 order by n', 'select id from odd where n <> 2 order by n'),
  (6, 'and resumed in a batch',
    'select b.updated >= 2 from kanthorq_task_batch(''resume'', %1$L, everything => true, spread => ''1 hour'') b', 'select true'),
  (7, 'what was done can be undone',
    'select bool_and(cardinality(u.updated) >= 2) from kanthorq_task_operations(%1$L) o, kanthorq_task_undo(o.id) u', 'select true');

select plan(7 * (select count(*)::integer from odd) + 2);

select results_eq(
  format('with odd as (select * from task where consumer = %1$L) ' || call, consumer),
  format('with odd as (select * from task where consumer = %1$L) ' || result, consumer),
  format('%s: %s', description, assignment)
)
from call, odd order by call.n;

select lives_ok('select * from kanthorq_task_stats()', 'the overview has all of them');

select lives_ok('select * from kanthorq_doctor()', 'the doctor looks at all of them');

rollback;
