-- kanthorq_task_complete, kanthorq_task_fail, kanthorq_task_extend and kanthorq_task_release.
begin;

create temp table report (name text, call text, state text, attempt_count int, due text);

insert into report
values
  ('complete', 'kanthorq_task_complete(''send_email'', %s, attempts => %s)', 'completed', 1, 'as before'),
  ('fail', 'kanthorq_task_fail(''send_email'', %s, attempts => %s, errors => (select array_fill(''smtp''::text, array[6])))', 'retryable', 1, 'as before'),
  ('extend', 'kanthorq_task_extend(''send_email'', %s, attempts => %s, extend_by => ''2 hours'')', 'running', 1, 'in two hours'),
  ('release', 'kanthorq_task_release(''send_email'', %s, attempts => %s)', 'running', 0, 'now');

create temp table task as
select r.name as report, v.name, test.task(test.consumer(), v.state, attempt_count => v.attempts, schedule_at => 4102444800) as id
from report r
cross join (values
  ('held', 'running', 1), ('pulled by another', 'running', 2), ('cancelled', 'cancelled', 1), ('completed', 'completed', 1), ('failed', 'retryable', 1)
) v (name, state, attempts);

select plan(15);

-- An id that is not there, too.
select results_eq(
  format(
    'select (select name from task where id = r.updated[1]), cardinality(r.updated), cardinality(r.noop) from %s r',
    format(
      r.call, format('(select array_agg(id order by name) || ''event_unknown''::text from task where report = %L)', r.name),
      'array[1, 1, 1, 1, 1, 1]'
    )
  ),
  $$ values ('held', 1, 5) $$,
  r.name || ' changes the task whose attempt the worker holds'
)
from report r;

select results_eq(
  format($$ select s.state, s.attempt_count, case
      when s.schedule_at = 4102444800 then 'as before'
      when s.schedule_at between extract(epoch from now()) * 1000 and extract(epoch from now()) * 1000 + 600000 then 'now'
      when s.schedule_at - extract(epoch from now()) * 1000 between 7190000 and 7800000 then 'in two hours'
    end, s.updated_at
    from test.tasks('send_email') s join task t on t.id = s.event_id where t.name = 'held' and t.report = %L $$, name),
  format('values (%L, %s, %L, 1000::bigint)', state, attempt_count, due),
  name || ' writes what KanthorQ''s worker would'
)
from report;

select results_eq(
  $$ select t.name, s.state, s.attempt_count, s.schedule_at, count(*) from test.tasks('send_email') s join task t on t.id = s.event_id
     where t.name <> 'held' group by 1, 2, 3, 4 order by 1 $$,
  $$ values
    ('cancelled', 'cancelled', 1, 4102444800, 4::bigint), ('completed', 'completed', 1, 4102444800, 4),
    ('failed', 'retryable', 1, 4102444800, 4), ('pulled by another', 'running', 2, 4102444800, 4) $$,
  'all other tasks are as before'
);

select results_eq(
  $$ select s.finalized_at > 0, s.attempted_error from test.tasks('send_email') s join task t on t.id = s.event_id
     where t.name = 'held' and t.report = 'complete' $$,
  $$ values (true, '{}'::jsonb[]) $$,
  'a completed task is final'
);

select results_eq(
  $$ select s.finalized_at, s.attempted_error[1] - 'at' from test.tasks('send_email') s join task t on t.id = s.event_id
     where t.name = 'held' and t.report = 'fail' $$,
  $$ values (0::bigint, '{"error": "smtp", "stack": "smtp"}'::jsonb) $$,
  'a failed task has the error'
);

-- Without attempts any is meant.
select results_eq(
  $$ select updated from kanthorq_task_fail('send_email', (select array_agg(id) from task where name = 'pulled by another' and report = 'fail'),
     '{"smtp: no route"}', retry_at => '2100-01-01', stacks => '{"at line 7"}') $$,
  $$ select array_agg(id) from task where name = 'pulled by another' and report = 'fail' $$,
  'without attempts a report is on any'
);

select test.update('send_email', 'attempt_count = 3', id) from task where name = 'pulled by another' and report = 'complete';

select kanthorq_task_fail('send_email', (select array_agg(id) from task where name = 'pulled by another' and report = 'complete'), '{smtp}');

select results_eq(
  $$ select t.report, s.state, s.finalized_at > 0, s.schedule_at, s.attempted_error[1] ->> 'stack' from test.tasks('send_email') s
     join task t on t.id = s.event_id where t.name = 'pulled by another' and t.report in ('fail', 'complete') order by 1 $$,
  $$ values ('complete', 'discarded', true, 4102444800, 'smtp'), ('fail', 'retryable', false, 4102444800000, 'at line 7') $$,
  'a task whose attempts are spent is discarded, another is due at the given time'
);

select test.update('send_email', 'schedule_at = 4102444800000', id) from task where name = 'held' and report = 'extend';

select kanthorq_task_extend('send_email', (select array_agg(id) from task where name = 'held' and report = 'extend'), extend_by => '1 minute');

select is(
  (select s.schedule_at from test.tasks('send_email') s join task t on t.id = s.event_id where t.name = 'held' and t.report = 'extend'),
  4102444800000, 'extend never makes a lease shorter'
);

select is_empty('select * from kanthorq_task_operations()', 'the log has no reports');

rollback;
