begin;

select plan(11);

create temp table task as
select test.task(test.consumer(), 'cancelled') as id;

create temp table before as
select * from test.tasks('send_email');

select throws_ok(
  format($$ select kanthorq_task_batch('resume', 'send_email', '{cancelled}', %s) $$, pace),
  'KQ003', message,
  pace
)
from (
  values
    ('batch_size => 0', 'batch_size is 0, max_tasks is null'),
    ('batch_size => -1, max_tasks => 7', 'batch_size is -1, max_tasks is 7'),
    ('batch_size => null', 'batch_size is null, max_tasks is null'),
    ('max_tasks => 0', 'batch_size is 1000, max_tasks is 0'),
    ('max_tasks => -1', 'batch_size is 1000, max_tasks is -1'),
    ('schedule_at => ''infinity''', 'schedule_at is infinity, spread is null'),
    ('schedule_at => ''-infinity''', 'schedule_at is -infinity, spread is null'),
    ('spread => ''-1 second''', 'schedule_at is null, spread is -00:00:01')
) v (pace, message);

-- Since PostgreSQL 17 an interval can be infinite; before, there is no such interval.
select throws_ok(
  $$ select kanthorq_task_batch('resume', 'send_email', '{cancelled}', spread => 'infinity') $$,
  case when current_setting('server_version_num')::integer >= 170000 then 'KQ003' else '22007' end,
  case
    when current_setting('server_version_num')::integer >= 170000 then 'schedule_at is null, spread is infinity'
    else 'invalid input syntax for type interval: "infinity"'
  end,
  'spread => ''infinity'''
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'nothing has changed'
);

select results_eq(
  $$ select updated from kanthorq_task_batch('resume', 'send_email', '{cancelled}', batch_size => 1, max_tasks => 1, spread => '0') $$,
  array[1::bigint],
  'a batch of one is a batch, and a spread of nothing is none'
);

select * from finish();

rollback;
