begin;

select plan(2);

create temp table task as
select test.task(
  test.consumer(attempt_max => 3), 'discarded',
  attempt_count => 2, schedule_at => 9000000000000, finalized_at => 6000,
  attempted_error => array['{"at": 1, "error": "timeout", "stack": ""}'::jsonb]
) as id;

do $$
begin
  perform test.as_owner(format('update %s set attempted_at = 4000', test.task_table('send_email')));
end
$$;

create temp table before as
select to_jsonb(t) as row, floor(extract(epoch from clock_timestamp()) * 1000) as at from test.tasks('send_email') t;

select results_eq(
  $$ select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task)) $$,
  $$ select array_agg(id) from task $$,
  'the task is resumed'
);

select results_eq(
  $$ select to_jsonb(t) - 'schedule_at' - 'updated_at',
       t.schedule_at between b.at and extract(epoch from clock_timestamp()) * 1000, t.updated_at = t.schedule_at
     from test.tasks('send_email') t, before b $$,
  $$ select row - 'schedule_at' - 'updated_at' || '{"state": "running", "finalized_at": 0}', true, true from before $$,
  'state, finalized_at, schedule_at and updated_at are written, attempt_count within bounds and all else are as they were'
);

select * from finish();

rollback;
