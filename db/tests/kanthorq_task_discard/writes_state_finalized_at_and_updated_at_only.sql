begin;

select plan(2);

create temp table task as
select test.task(
  test.consumer(), 'running',
  attempt_count => 4, schedule_at => 5000, attempted_error => array['{"at": 1, "error": "timeout", "stack": ""}'::jsonb]
) as id;

create temp table before as
select to_jsonb(t) as row, floor(extract(epoch from clock_timestamp()) * 1000) as at from test.tasks('send_email') t;

select results_eq(
  $$ select updated from kanthorq_task_discard('send_email', (select array_agg(id) from task)) $$,
  $$ select array_agg(id) from task $$,
  'the task is discarded'
);

select results_eq(
  $$ select to_jsonb(t) - 'finalized_at' - 'updated_at',
       t.finalized_at between b.at and extract(epoch from clock_timestamp()) * 1000, t.updated_at = t.finalized_at
     from test.tasks('send_email') t, before b $$,
  $$ select row - 'finalized_at' - 'updated_at' || '{"state": "discarded"}', true, true from before $$,
  'finalized_at and updated_at are now, the state is discarded, and all else is as it was'
);

select * from finish();

rollback;
