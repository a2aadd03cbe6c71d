begin;

select plan(4);

create temp table task as
select n, test.task(test.consumer(), 'discarded', attempt_count => 1) as id from generate_series(1, 6) n;

-- 1, 2 and 3 are due at once; the others are not, so that the worker leaves them.
create temp table resumed as
select updated
from kanthorq_task_resume('send_email', (select array_agg(id) from task), schedule_at => '2100-01-01');

select test.as_owner(format('update %s set schedule_at = 1 where event_id = %L', test.task_table('send_email'), id))
from task where n <= 3;

create temp table pulled as
select * from test.pull('send_email') p (id);

select test.fail('send_email', id) from task where n in (2, 3);

-- The third has failed so often that it is discarded, as it was before.
select test.as_owner(format(
  'update %s set state = public._kanthorq_task_state(''discarded''), finalized_at = 9999 where event_id = %L',
  test.task_table('send_email'), id
))
from task where n = 3;

create temp table before as
select t.* from test.tasks('send_email') t where t.event_id in (select id from pulled);

select set_eq('select id from pulled', 'select id from task where n <= 3', 'a worker has taken some');

select results_eq(
  $$ select updated, noop from kanthorq_task_operations() o, kanthorq_task_undo(o.id) $$,
  $$ select array_agg(id order by id) filter (where n > 3), array_agg(id order by id) filter (where n <= 3) from task $$,
  'those are no-ops, whether it has them still, failed, or is done with them; the others are put back'
);

select results_eq(
  $$ select t.* from test.tasks('send_email') t where t.event_id in (select id from pulled) $$,
  'select * from before',
  'the no-ops are as the worker left them'
);

select results_eq(
  $$ select test.state('send_email', id) from task order by n $$,
  array['running', 'retryable', 'discarded', 'discarded', 'discarded', 'discarded'],
  'what was put back is discarded again'
);

select * from finish();

rollback;
