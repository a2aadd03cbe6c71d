-- That it agrees with what is then moved is in kanthorq_task_batch/moves_exactly_what_find_and_preview_show.sql.
begin;

-- The n-th of twelve subjects has n tasks, but the last three have as many; one task is stuck, one is running.
create temp table task as
select s, test.task(
  test.consumer(), case when s = 5 then 'completed' else 'retryable' end, schedule_at => 0, subject => 'subject.' || lpad(s::text, 2, '0')
) as id
from generate_series(1, 12) s, generate_series(1, least(s, 10))
union all
select 0, test.task('send_email', 'running', attempt_count => n) from unnest(array[3, 4]) n;

select plan(12);

select results_eq(
  $$ select tasks, matching, by_state, subjects, left_out from kanthorq_task_preview('cancel', 'send_email') $$,
  $$ values (70::bigint, 70::bigint, '{"retryable": 70}'::jsonb, 11::bigint, '{"completed": 5, "running": 2}'::jsonb) $$,
  'tasks that it takes are counted, and those that it does not take'
);

select results_eq(
  $$ select s ->> 'subject', (s ->> 'tasks')::integer
     from kanthorq_task_preview('cancel', 'send_email'), jsonb_array_elements(by_subject) s $$,
  $$ select 'subject.' || lpad(n::text, 2, '0'), least(n, 10) from unnest(array[10, 11, 12, 9, 8, 7, 6, 4, 3, 2]) n $$,
  'the ten subjects with the most tasks come first, by name where they have as many'
);

set local datestyle to 'SQL, DMY';

set local timezone to 'Asia/Kolkata';

select results_eq(
  $$ select f.first_tasks -> 0, jsonb_array_length(f.first_tasks) from kanthorq_task_preview('cancel', 'send_email') f $$,
  $$ select jsonb_build_object(
       'event_id', min(id), 'subject', 'subject.01', 'state', 'retryable', 'stuck', false, 'schedule_at', null, 'finalized_at', null,
       'attempt_count', 0, 'attempt_max', 3, 'attempted_at', null, 'last_error', null, 'metadata', '{"customer": "42"}'::jsonb,
       'created_at', '1970-01-01T05:30:01+05:30', 'updated_at', '1970-01-01T05:30:01+05:30'
     ), 5 from task where s = 1 $$,
  'five tasks are shown, with times in ISO 8601 whatever the session''s datestyle'
);

select results_eq(
  format('select tasks, matching, left_out from kanthorq_task_preview(%s)', arguments),
  format('values (%s::bigint, %s::bigint, %L::jsonb)', tasks, matching, left_out),
  arguments
)
from (values
  ('''cancel'', ''send_email'', max_tasks => 7', 7, 70, '{"completed": 5, "running": 2}'),
  ('''cancel'', ''send_email'', max_tasks => 71', 70, 70, '{"completed": 5, "running": 2}'),
  ('''cancel'', ''send_email'', ''{running,retryable}'', ''subject.*'', max_tasks => 4000000000', 70, 70, '{}'),
  ('''discard'', ''send_email'', ''{running}''', 1, 1, '{"running": 1}'),
  ('''resume'', ''send_email'', subject => ''subject.05''', 0, 0, '{"completed": 5}')
) v (arguments, tasks, matching, left_out);

select results_eq(
  $$ select * from kanthorq_task_preview('resume', 'send_email', subject => 'nothing.like.it') $$,
  $$ values (0::bigint, 0::bigint, '{}'::jsonb, '[]'::jsonb, 0::bigint, '[]'::jsonb, '{}'::jsonb) $$,
  'where nothing matches, all is empty and nothing null'
);

select throws_ok(format('select kanthorq_task_preview(%s)', arguments), 'KQ003', message, arguments || ' is refused')
from (values
  ('''undo'', ''send_email''', '''undo'' is not an action'),
  ('''cancel'', ''send_email'', max_tasks => 0', 'max_tasks is 0'),
  ('''resume'', ''send_email'', ''{running,completed}''', 'resume does not take tasks in state completed, running')
) v (arguments, message);

rollback;
