begin;

create temp table task as
select n, test.task(test.consumer(), (array['available', 'pending'])[1 + n % 2]) as id from generate_series(1, 7) n;

-- A bulk of three batches, a call by ids in between, a bulk of one batch, and an undo of the first.
create temp table first as
select b.* from kanthorq_task_batch('cancel', 'send_email', everything => true, batch_size => 3, reason => 'bulk') b;

create temp table single as
select r.* from task, kanthorq_task_resume('send_email', array[id], 'single', '2100-01-01') r where n = 1;

create temp table rest as
select b.*
from first, test.batches('''cancel'', ''send_email'', everything => true, batch_size => 3, reason => ''bulk''', progress::text) b;

create temp table short as
select b.* from test.batches('''resume'', ''send_email'', ''{cancelled}'', max_tasks => 1, reason => ''short''') b;

create temp table undone as
select b.* from first, test.batches(first.bulk_id || ', ''undo''', call => 'kanthorq_task_undo_batch') b;

create temp table operation as
select o.*, row_number() over (order by o.id) as n from kanthorq_task_operations(each_batch => true) o;

create function pg_temp.id(n bigint)
returns bigint
language sql
as $$ select o.id from operation o where o.n = id.n $$;

select plan(22);

select results_eq(
  'select bulk_id from first union all select bulk_id from rest',
  'select pg_temp.id(1) from generate_series(1, 3)',
  'all batches of a call return one bulk id, which is that of the first in the log'
);

select results_eq(
  $$ select id, bulk_id, batches, reason, tasks, from_states, undoes, cardinality(event_ids) from kanthorq_task_operations() $$,
  $$ values
       (pg_temp.id(6), pg_temp.id(6), 3::bigint, 'undo', 5::bigint, '{"cancelled": 5}'::jsonb, pg_temp.id(1), 5),
       (pg_temp.id(5), null, 1, 'short', 1, '{"cancelled": 1}', null, 1),
       (pg_temp.id(2), null, 1, 'single', 1, '{"cancelled": 1}', null, 1),
       (pg_temp.id(1), pg_temp.id(1), 3, 'bulk', 7, '{"pending": 4, "available": 3}', null, 7) $$,
  'a bulk is one row under the id of its first batch, with all that its batches did; a call of one batch is none'
);

select results_eq(
  $$ select event_ids, at = (select at from operation where n = 1), last_at = (select at from operation where n = 4)
     from kanthorq_task_operations(bulk_id => pg_temp.id(1)) $$,
  'select array_agg(id order by n), true, true from task',
  'it names each task, and the times of its first and its last batch'
);

select results_eq(
  'select n, bulk_id, batches, tasks, undoes, last_at = at from operation order by n desc',
  $$ values
       (8::bigint, pg_temp.id(6), 1::bigint, 1::bigint, pg_temp.id(1), true), (7, pg_temp.id(6), 1, 3, pg_temp.id(3), true),
       (6, pg_temp.id(6), 1, 1, pg_temp.id(4), true),
       (5, null, 1, 1, null, true), (4, pg_temp.id(1), 1, 1, null, true), (3, pg_temp.id(1), 1, 3, null, true),
       (2, null, 1, 1, null, true), (1, pg_temp.id(1), 1, 3, null, true) $$,
  'if each batch is asked for, it is a row with the id of its bulk'
);

-- Each filter, with bulks as rows and with their batches.
select results_eq(
  format('select n from kanthorq_task_operations(%s) o join operation using (id) order by n', arguments),
  format('select unnest(%L::bigint[])', found),
  format('%s: %s', arguments, found)
)
from (values
  ('action => ''cancel''', '{1}'::bigint[]), ('action => ''cancel'', each_batch => true', '{1,3,4}'),
  ('reason => ''undo''', '{6}'), ('reason => ''und''', '{}'),
  ('reason => ''bulk'', max_operations => 2, each_batch => true', '{3,4}'),
  ('bulk_id => pg_temp.id(1)', '{1}'), ('bulk_id => pg_temp.id(1), each_batch => true', '{1,3,4}'),
  ('bulk_id => pg_temp.id(3)', '{}'), ('bulk_id => pg_temp.id(2)', '{2}'),
  ('actor => session_user::text', '{1,2,5,6}'), ('actor => ''kanthorq_test_nobody''', '{}'),
  ('event_id => (select id from task where task.n = 7)', '{1,6}'),
  ('event_id => (select id from task where task.n = 7), each_batch => true', '{4,6}'),
  ('event_id => (select id || ''0'' from task where task.n = 5)', '{}'),
  ('event_id => (select id from task where task.n = 1), action => ''resume''', '{2}'),
  ('before => pg_temp.id(5), max_operations => 1', '{2}'), ('before => pg_temp.id(2), max_operations => 1', '{1}')
) v (arguments, found);

select results_eq(
  'select id, event_ids, tasks from kanthorq_task_operations(with_event_ids => false, max_operations => 1)',
  'select pg_temp.id(6), null::text[], 5::bigint',
  'the ids of events can be left out'
);

rollback;
