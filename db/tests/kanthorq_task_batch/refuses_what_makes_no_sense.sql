begin;

create temp table task as
select action, test.task(test.consumer(), from_state, attempt_count => 9) as id from test.transitions();

create temp table before as
select * from test.tasks('send_email');

create temp table refusal (arguments text, message text);

-- An unknown action, a bad pace.
insert into refusal
select format('%L, ''send_email'', everything => true', action), coalesce(quote_literal(action), 'null') || ' is not an action'
from unnest(array['delete', 'Cancel', 'undo', null]) action
union all
select format('''resume'', ''send_email'', ''{cancelled}'', %s', pace), message
from (values
  ('batch_size => 0', 'batch_size is 0, max_tasks is null'),
  ('batch_size => -1, max_tasks => 7', 'batch_size is -1, max_tasks is 7'),
  ('batch_size => null', 'batch_size is null, max_tasks is null'),
  ('max_tasks => 0', 'batch_size is 1000, max_tasks is 0'),
  ('max_tasks => -1', 'batch_size is 1000, max_tasks is -1'),
  ('schedule_at => ''infinity''', 'schedule_at is infinity'),
  ('schedule_at => ''1969-12-31 23:59:59Z''', 'schedule_at is ' || timestamptz '1969-12-31 23:59:59Z'),
  ('spread => ''-1 second''', 'spread is -00:00:01')
) v (pace, message)
union all
select format('%L, ''send_email'', everything => true, %s', action, pace), format('%s takes no schedule_at, spread or reset_attempts', action)
from unnest('{cancel,discard}'::text[]) action, unnest(array['schedule_at => now()', 'spread => ''0''', 'reset_attempts => true']) pace;

-- No filter: a null is no consent.
insert into refusal
select format('%L, ''send_email'', %s', action, nothing), format('the filter is empty, so it would %s all tasks of ''send_email''', action)
from test.transitions(), unnest(array['states => null', 'everything => null']) nothing;

-- States that the action does not take.
insert into refusal values
  ('''cancel'', ''send_email'', ''{running}''', 'cancel does not take tasks in state running'),
  ('''resume'', ''send_email'', ''{running,completed}''', 'resume does not take tasks in state completed, running'),
  ('''discard'', ''send_email'', ''{retryable}'', everything => true', 'discard does not take tasks in state retryable');

-- A progress that no batch returned.
insert into refusal
select format('''cancel'', ''send_email'', everything => true, progress => %L', p), 'progress is not one of this call: ' || p
from unnest(array['(1,a,b,,0,0,0)', '(1,a,b,1,,0,0)', '(1,a,b,1,0,,0)', '(1,a,b,1,0,0,)']) p;

select plan(4 + (select count(*)::integer from refusal));

select throws_ok(format('select kanthorq_task_batch(%s)', arguments), 'KQ003', message, arguments || ' is refused') from refusal;

-- Since PostgreSQL 17 an interval can be infinite; before, there is no such interval.
select throws_ok(
  $$ select kanthorq_task_batch('resume', 'send_email', '{cancelled}', spread => 'infinity') $$,
  case when current_setting('server_version_num')::integer >= 170000 then 'KQ003' else '22007' end,
  case
    when current_setting('server_version_num')::integer >= 170000 then 'spread is infinity'
    else 'invalid input syntax for type interval: "infinity"'
  end,
  'an infinite spread is refused'
);

select results_eq('select * from test.tasks(''send_email'')', 'select * from before', 'nothing has changed');

select results_eq(
  $$ select updated from kanthorq_task_batch('cancel', 'send_email', '{running,available,cancelled}') $$,
  array[1::bigint],
  'of several states, those that it takes are taken'
);

select results_eq(
  $$ select updated from kanthorq_task_batch('resume', 'send_email', '{cancelled}', batch_size => 1, max_tasks => 1, spread => '0') $$,
  array[1::bigint],
  'a batch of one is a batch, and a spread of nothing is none'
);

rollback;
