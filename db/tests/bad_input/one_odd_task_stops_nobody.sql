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

select plan(7 * (select count(*)::integer from odd) + 2);

select results_eq(
  format('select event_id from kanthorq_task_find(%L, oldest_first => true)', consumer),
  format('select id from task where consumer = %L order by n', consumer),
  format('all are found: %s', assignment)
)
from odd;

select results_eq(
  format('select event_id, why is not null'
    ' from kanthorq_task_explain(%1$L, (select array_agg(id order by n) from task where consumer = %1$L))', consumer),
  format('select id, true from task where consumer = %L order by n', consumer),
  format('all are explained: %s', assignment)
)
from odd;

select results_eq(
  format('select kanthorq_task_count(%1$L) + kanthorq_task_count(%1$L, error => ''no such error'')', consumer),
  array[3::bigint],
  format('all are counted: %s', assignment)
)
from odd;

select lives_ok(
  format('select * from kanthorq_task_stats(%L)', consumer),
  format('the states are counted: %s', assignment)
)
from odd;

select results_eq(
  format('select t.id from kanthorq_task_cancel(%1$L, (select array_agg(id order by n) from task where consumer = %1$L)) c,'
    ' task t where t.id = any (c.updated) and t.n <> 2 order by t.n', consumer),
  format('select id from task where consumer = %L and n <> 2 order by n', consumer),
  format('the others are cancelled: %s', assignment)
)
from odd;

select cmp_ok(
  (select b.updated from kanthorq_task_batch('resume', consumer, everything => true, spread => '1 hour') b), '>=', 0::bigint,
  format('and resumed in a batch: %s', assignment)
)
from odd;

select lives_ok(
  format('select cardinality(u.updated) from kanthorq_task_operations(%L) o, kanthorq_task_undo(o.id) u', consumer),
  format('what was done can be undone: %s', assignment)
)
from odd;

select lives_ok('select * from kanthorq_task_stats()', 'the overview has all of them');

select lives_ok('select * from kanthorq_doctor()', 'the doctor looks at all of them');

rollback;
