begin;

select test.consumer();

-- What a worker may claim, and what it has claimed.
create temp table task as
select s.state, test.task('send_email', s.state, schedule_at => case s.state when 'running' then 1000 else 2000 end) as id
from unnest(array['running', 'retryable', 'available', 'discarded']) s (state);

create temp table "before" as
select * from test.tasks('send_email');

create function pg_temp.cursor()
returns text
language sql
return (select row ->> 'cursor' from test.read('select cursor from kanthorq_consumer_registry') row);

create temp table registered as
select pg_temp.cursor() as cursor;

create function pg_temp.claims()
returns bigint
language sql
return (select count(*) from (select test.pull('send_email', 'running') union all select test.pull('send_email', 'retryable')) p);

create function pg_temp.held()
returns text
language sql
return (select distinct regexp_replace(held, 'since .* by [^ ]*', 'since ... by ...') from kanthorq_task_stats());

select plan(32);

select is(pg_temp.held(), null, 'stats: not held');

select ok(not kanthorq_consumer_release('send_email'), 'release of a consumer that is not held does nothing');

select ok(kanthorq_consumer_hold('send_email', 'INC-1'), 'hold');

select is(pg_temp.cursor(), 'event_' || repeat('z', 26), 'the cursor is above every id');

select is(pg_temp.claims(), 0::bigint, 'no worker claims a task');

select results_eq('select * from test.tasks(''send_email'')', 'select * from "before"', 'and none has changed');

select is(pg_temp.held(), 'held since ... by ... because ''INC-1''', 'stats says so');

select results_eq(
  'select distinct held from kanthorq_consumer_list()', 'select distinct held from kanthorq_task_stats()', 'the list of consumers, too'
);

select results_eq(
  $$ select substring(why from '; .* is held'), next_run_at
     from kanthorq_task_explain('send_email', array(select id from task) || array['event_unknown']) $$,
  $$ values ('; but no worker takes it while the consumer is held', null::timestamptz), ('; but no worker takes it while the consumer is held', null),
       (null, null), (null, null), ('; the consumer is held', null) $$,
  'explain says so of the tasks that would run, and of an event without a task'
);

select ok(not kanthorq_consumer_hold('send_email', 'INC-2'), 'it is held already');

select is(pg_temp.held(), 'held since ... by ... because ''INC-1''', 'so the reason stays');

-- All that is no claim passes.
select lives_ok(
  $$ select test.fail('send_email', id) from task where state = 'running' $$, 'a worker reports a failure'
);

select results_eq(
  $$ select cardinality(updated) from kanthorq_task_cancel('send_email', array(select id from task)) $$, array[3], 'cancel'
);

select results_eq(
  $$ select cardinality(updated) from kanthorq_task_resume('send_email', array(select id from task), reset_attempts => true) $$,
  array[4], 'resume'
);

select results_eq(
  $$ select cardinality(u.updated) from kanthorq_task_operations(action => 'resume') o, kanthorq_task_undo(o.id) u $$, array[4], 'undo'
);

select results_eq(
  $$ select cardinality(u.updated) from kanthorq_task_operations(action => 'undo') o, kanthorq_task_undo(o.id) u $$, array[4], 'undo of undo'
);

select is(pg_temp.claims(), 0::bigint, 'still no worker claims a task');

select test.as_owner('select kanthorq_stream_publish(''send_email_stream'', ''order.created'', '''')');

select is_empty('select * from kanthorq_event_missed(''send_email'')', 'an event that comes while it is held is not missed');

select results_eq(
  'select "check", severity, fix from kanthorq_doctor() where "check" ~ ''h[eo]ld''',
  $$ values ('consumer is held', 'info', '-- when it may go on: select kanthorq_consumer_release(''send_email'')') $$,
  'the doctor tells of it'
);

select test.as_owner('update kanthorq_consumer_hold set at = at - interval ''25 hours''');

select results_eq(
  'select severity from kanthorq_doctor() where "check" ~ ''h[eo]ld''', array['warning'], 'and warns after a day'
);

-- With intake_only workers take what is there.
select ok(kanthorq_consumer_hold('send_email', 'INC-3', intake_only => true), 'the hold becomes one of the intake');

select is(pg_temp.held(), 'held (intake only) since ... by ... because ''INC-3''', 'stats says so');

select cmp_ok(pg_temp.claims(), '>', 0::bigint, 'workers claim tasks');

select ok(kanthorq_consumer_hold('send_email'), 'and becomes a whole one');

select is(pg_temp.held(), 'held since ... by ...', 'without a reason');

select ok(kanthorq_consumer_release('send_email', 'done'), 'release');

select is(pg_temp.cursor(), (select cursor from registered), 'the cursor is back');

select test.update('send_email', 'schedule_at = 1000');

select cmp_ok(pg_temp.claims(), '>', 0::bigint, 'workers claim tasks');

select is(pg_temp.held(), null, 'nothing says that it is held');

select results_eq(
  $$ select action, reason, tasks, from_states, event_ids from kanthorq_task_operations() where action in ('hold', 'release') $$,
  $$ values ('release', 'done', 0::bigint, '{}'::jsonb, '{}'::text[]), ('hold', null, 0, '{}', '{}'), ('hold', 'INC-3', 0, '{}', '{}'),
       ('hold', 'INC-1', 0, '{}', '{}') $$,
  'the log has it all'
);

select throws_ok(
  $$ select kanthorq_task_undo(o.id) from kanthorq_task_operations(action => 'hold', max_operations => 1) o $$,
  'KQ004', null, 'undo does not end a hold'
);

select is_empty('select * from kanthorq_doctor() where "check" ~ ''h[eo]ld''', 'the doctor has nothing to say of it');

select * from finish();

rollback;
