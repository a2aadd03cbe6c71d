begin;

select plan(3);

create temp table task as
select test.tasks_in_bulk(test.consumer(), 'cancelled', 11);

create temp table batch as
with recursive batch as (
  select b.*
  from kanthorq_task_batch(
    'resume', 'send_email', '{cancelled}', batch_size => 3, max_tasks => 7, schedule_at => '2100-01-01 00:00Z', spread => '1 second'
  ) b
  union all
  select b.*
  from batch, kanthorq_task_batch(
    'resume', 'send_email', '{cancelled}', batch_size => 3, max_tasks => 7, schedule_at => '2100-01-01 00:00Z', spread => '1 second',
    progress => batch.progress
  ) b
  where batch.progress is not null
)
select * from batch;

select results_eq(
  $$ select schedule_at - extract(epoch from timestamptz '2100-01-01 00:00Z')::bigint * 1000
     from test.tasks('send_email') where state = 'running' order by 1 $$,
  $$ select round(i * 1000 / 7.0)::bigint from generate_series(0, 6) i $$,
  'as many as may be resumed have the second to themselves, to the millisecond'
);

create temp table late as
select * from kanthorq_task_batch('resume', 'send_email', '{cancelled}', max_tasks => 1, schedule_at => '2100-02-01 00:00Z', spread => '1 day');

select results_eq(
  $$ select to_timestamp(max(schedule_at) / 1000.0) from test.tasks('send_email') $$,
  array[timestamptz '2100-02-01 00:00Z'],
  'one alone comes at the beginning'
);

create temp table together as
select * from kanthorq_task_batch('resume', 'send_email', '{cancelled}', schedule_at => '2100-03-01 00:00Z');

select results_eq(
  $$ select to_timestamp(schedule_at / 1000.0), count(*) from test.tasks('send_email')
     where state = 'running' group by 1 order by 1 desc limit 1 $$,
  $$ values (timestamptz '2100-03-01 00:00Z', 3::bigint) $$,
  'without a spread, all come at once'
);

select * from finish();

rollback;
