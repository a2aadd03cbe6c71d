-- The index of the pullers is in finds_consumers_without_a_scheduling_index.sql.
begin;

select test.only_granted();

create temp table fault (n integer generated always as identity, "check" text, severity text, scene text, findings text, repair text);

create temp table consumer as
select test.consumer(name) as name, 'kanthorq_consumer_' as table_name from unnest(array['send_email', 'send_sms', 'send_letter']) name;

update consumer set table_name = (select relname from pg_class where oid = test.task_table(name));

create temp table task as
select test.task(name, state, attempt_count => 3) as id
from consumer, unnest(array['discarded', 'cancelled', 'pending', 'running', 'completed', 'retryable']) state
union all
select test.task('send_email', 'running', attempt_count => 3, schedule_at => 4102444800000)
union all
select test.task('send_email', 'retryable', attempt_count => 4);

-- Nothing has been due for long, nor been pending for a day.
select test.update(name, 'schedule_at = 4102444800000, created_at = (extract(epoch from now()) * 1000)::bigint') from consumer;

create temp table name as
select row ->> 'owner' as owner, row ->> 'events' as events, row ->> 'newest' as newest, row ->> 'sequence' as sequence
from test.read($$
  select current_user as owner, pg_get_serial_sequence('kanthorq_task_operation', 'id') as sequence,
    (select 'kanthorq_' || id from kanthorq_stream_registry where name = 'send_sms_stream') as events,
    (select name from kanthorq_migrations order by id desc limit 1) as newest $$) row;

select test.as_owner('create role kanthorq_test_other');

-- `findings` has a detail and a fix for each. The fixes are applied, or what their comments offer, or what `repair` does.
insert into fault ("check", severity, scene, findings, repair) values
(
  'schema is open', 'error', 'grant create on schema public to public',
  $$ values (
       'any role may create objects in schema public, also functions that are called instead of ours',
       'revoke create on schema public from public'
     ) $$, null
),
(
  'schema is not ours', 'warning', 'alter schema public owner to kanthorq_test_other',
  $$ select 'role ''kanthorq_test_other'' owns schema public, and may put functions in the place of ours, which run with the rights of '
         || owner || ' then',
       '-- if the role is not to be trusted, as a superuser: alter schema public owner to ' || owner
     from name $$, null
),
-- A function, a helper and a procedure, and a function without a list of rights; but nobody else's.
(
  'right not granted', 'error',
  $$ grant execute on function kanthorq_task_find to public;
     grant execute on procedure kanthorq_task_cancel_all to public;
     grant execute on function _kanthorq_task_states to public;
     create function public.kanthorq_copy() returns integer language sql as 'select 1';
     create function public.somebody_elses() returns integer language sql as 'select 1' $$,
  $$ select
       format('any role may execute %s, which kanthorq_grant did not give', string_agg(proname::text collate "default", ', ' order by proname)),
       format('revoke all on routine %s from public', string_agg('public.' || oid::regprocedure, ', ' order by proname))
     from pg_proc
     where proname = any ('{_kanthorq_task_states,kanthorq_copy,kanthorq_task_cancel_all,kanthorq_task_find}') $$, null
),
(
  'right not granted', 'error', 'grant execute on function kanthorq_task_count to kanthorq_test_other',
  $$ values (
       'role ''kanthorq_test_other'' may execute kanthorq_task_count, which kanthorq_grant did not give',
       'select public.kanthorq_revoke(''kanthorq_test_other'')'
     ) $$, null
),
(
  'right not granted', 'error',
  $$ grant select, delete on kanthorq_task_operation to kanthorq_test_other; grant update (reason) on kanthorq_task_operation to public;
     do 'begin execute format(''grant usage on sequence %s to kanthorq_test_other'', pg_get_serial_sequence(''kanthorq_task_operation'', ''id'')); end' $$,
  $$ values
       ('any role may update kanthorq_task_operation, which kanthorq_grant did not give',
         'revoke all on table public.kanthorq_task_operation from public'),
       ('role ''kanthorq_test_other'' may delete, select kanthorq_task_operation, which kanthorq_grant did not give',
         'revoke all on table public.kanthorq_task_operation from kanthorq_test_other'),
       ('role ''kanthorq_test_other'' may usage kanthorq_task_operation_id_seq, which kanthorq_grant did not give',
         'revoke all on sequence public.kanthorq_task_operation_id_seq from kanthorq_test_other') $$, null
),
(
  'function is not ours', 'error',
  $$ create function public.kanthorq_task_count(integer) returns integer language sql as 'select 1';
     alter function public.kanthorq_task_count(integer) owner to kanthorq_test_other $$,
  $$ select 'function ''public.kanthorq_task_count(integer)'' belongs to role ''kanthorq_test_other'', the others to ' || owner
         || ': calls may end in it',
       '-- look at it, and drop it as its owner or as a superuser'
     from name $$,
  'drop function public.kanthorq_task_count(integer)'
),
(
  'table is open', 'error',
  (select format('grant all on %s to kanthorq_test_other; grant trigger on kanthorq_stream_registry to public', table_name)
   from consumer where name = 'send_sms'),
  $$ select format('%s may make triggers, whose code runs with the rights of the role that changes rows, also %s, on public.%s', who, owner, what),
       format('revoke trigger on table public.%s from %s', what, role)
     from name, (
       select 'any role' as who, 'kanthorq_stream_registry' as what, 'public' as role
       union all
       select 'role ''kanthorq_test_other''', table_name, 'kanthorq_test_other' from consumer where name = 'send_sms'
     ) v $$, null
),
(
  'stuck tasks', 'warning',
  $$ select test.task(consumer, 'running', attempt_count => n)
     from (values ('send_email', 4), ('send_email', 5), ('send_sms', 4)) v (consumer, n) $$,
  $$ select
       format('consumer %L has %s tasks that are running, overdue and out of attempts: no worker takes them again', name, tasks),
       format('call public.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', name)
     from (values ('send_email', 2), ('send_sms', 1)) v (name, tasks) $$,
  -- The calls commit, which this test cannot do. What they do, it does.
  $$ select kanthorq_task_discard(name, array(select event_id from test.tasks(name)))
     from unnest(array['send_email', 'send_sms']) name $$
),
(
  'last attempt', 'info', $$ select test.task('send_sms', 'running', attempt_count => 4, schedule_at => 4102444800000) $$,
  $$ values (
       'consumer ''send_sms'' has 1 running tasks that are out of attempts: those that are not acknowledged in time are stuck then',
       '-- look again when they are overdue'
     ) $$,
  $$ select test.update('send_sms', 'state = 101', event_id) from test.tasks('send_sms') where attempt_count > 3 $$
),
-- Not only that a task was pulled often, which a worker that dies does too, but that no task ever was acknowledged then.
(
  'worker can''t acknowledge', 'error',
  $$ select test.task(test.consumer('send_push'), 'running', n, 4102444800000, attempted_error => array['{"error": "x"}'::jsonb])
     from unnest(array[1, 2, 3]) n $$,
  $$ values (
       'consumer ''send_push'' has 2 running tasks that were pulled again and again, and none that was ever acknowledged then: '
         'KanthorQ''s worker refuses to acknowledge them without a change in the handler',
       '-- first statement of the handler: if msg.Task.Metadata == nil { msg.Task.Metadata = entities.Metadata{} }'
     ) $$,
  $$ select test.update('send_push', 'state = 101', event_id) from test.tasks('send_push') where attempt_count = 1 $$
),
(
  'registration', 'error', 'update kanthorq_consumer_registry set visibility_timeout = 1000 where name = ''send_sms''',
  $$ values (
       'consumer ''send_sms'' has a visibility_timeout of 1000 ms: KanthorQ refuses it unless it is more than 1000',
       'update public.kanthorq_consumer_registry set visibility_timeout = 300000 where name = ''send_sms'''
     ) $$, null
),
(
  'registration', 'error',
  'update kanthorq_consumer_registry set subject_includes = ''{a.>,b.>}'', subject_excludes = ''{a.x}'' where name = ''send_sms''',
  $$ values (
       'consumer ''send_sms'' has 1 subject_excludes for 2 subject_includes: KanthorQ''s program stops at the first event with fewer, '
         'and ignores those that are more',
       '-- set subject_excludes in kanthorq_consumer_registry to as many filters as subject_includes has, or to none'
     ) $$,
  'update kanthorq_consumer_registry set subject_includes = ''{>}'', subject_excludes = ''{}'' where name = ''send_sms'''
),
-- Unfinished tasks only.
(
  'event is gone', 'warning',
  (select format('delete from %I where id in (select event_id from %s where state in (0, 101))', events, test.task_table('send_sms'))
   from name),
  $$ values (
       'consumer ''send_sms'' has 1 unfinished tasks whose event is gone: they never reach a handler',
       '-- restore the events, or cancel these tasks'
     ) $$,
  $$ select kanthorq_task_cancel('send_sms', array(select event_id from test.tasks('send_sms') where state = 'pending')) $$
),
-- Events of the last day that the consumer wants: not those of another subject, nor an old one, nor one that is before the cursor.
(
  'missed events', 'warning',
  format(
    $f$ update kanthorq_consumer_registry set subject_includes = '{order.*}', subject_excludes = '{order.no}' where name = 'send_sms';
        select kanthorq_stream_publish('send_sms_stream', subject, '') from unnest(array['order.no', 'other', 'order.yes']) subject;
        insert into %I values ('event_00000000000000000000000000', 'order.yes', '', '{}', 0);
        update kanthorq_consumer_registry set cursor = 'event_z' where name = 'send_sms' $f$, (select events from name)),
  $$ values (
       'consumer ''send_sms'' has no task for 1 events of the last day that lie behind its cursor: KanthorQ passed over them',
       '-- to have them handled: select event_id from kanthorq_task_convert(''send_sms'', array(select event_id from '
         'kanthorq_event_missed(''send_sms'')))'
     ) $$, null
),
(
  'tasks in available', 'info',
  $$ select test.task(consumer, 'available') from unnest(array['send_email', 'send_email', 'send_sms']) consumer $$,
  $$ select
       format('consumer %L has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', name, tasks),
       format('-- to have them worked: call kanthorq_task_cancel_all(%1$L, states => ''{available}''), and resume what it cancelled, '
         'by its bulk_id: select cardinality(updated) from kanthorq_task_resume(%1$L, (select event_ids from '
         'kanthorq_task_operations(bulk_id => ...)))', name)
     from (values ('send_email', 2), ('send_sms', 1)) v (name, tasks) $$,
  $$ select kanthorq_task_cancel(name, array(select event_id from test.tasks(name))) from unnest(array['send_email', 'send_sms']) name $$
),
(
  'table is not ours', 'error',
  (select format('alter table %s owner to kanthorq_test_other; alter table %I owner to kanthorq_test_other', table_name, events)
   from consumer, name where consumer.name = 'send_sms'),
  $$ select format('%s: its table ''public.%s'' belongs to the role kanthorq_test_other, the functions to %s', what, table_name, owner),
       format('-- if the role is to be trusted, with all triggers, defaults, rules, indexes and policies of the table: '
         'alter table public.%s owner to %s', table_name, owner)
     from name, (
       select 'consumer ''send_sms''' as what, table_name from consumer where name = 'send_sms'
       union all
       select 'stream ''send_sms_stream''', events from name
     ) v $$, null
),
(
  'table is not ours', 'error', 'alter table kanthorq_task_operation owner to kanthorq_test_other',
  $$ select 'public.kanthorq_task_operation belongs to the role kanthorq_test_other, the functions to ' || owner,
       '-- if the role is to be trusted, with all triggers, defaults, rules, indexes and policies of the table: '
         'alter table public.kanthorq_task_operation owner to ' || owner
     from name $$, null
),
(
  'table is not ours', 'error',
  (select format('alter table %s alter state type integer', table_name) from consumer where name = 'send_sms'),
  $$ select format('consumer ''send_sms'': its table ''public.%s'' has no column state of type smallint', table_name),
       '-- a table that KanthorQ made has no such fault: repair what was changed by hand'
     from consumer where name = 'send_sms' $$,
  (select format('alter table %s alter state type smallint', table_name) from consumer where name = 'send_sms')
),
(
  'functions are missing', 'error', 'alter function kanthorq_task_count rename to renamed',
  $$ values (
       '1 functions are missing: kanthorq_task_count', '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
     ) $$,
  'alter function renamed rename to kanthorq_task_count'
),
-- As after a logical replication.
(
  'sequence is behind', 'error',
  $$ insert into kanthorq_task_operation (id, at, action, consumer, tasks, from_states, first_event_id, last_event_id, changes)
     overriding system value
     select last_value + 1000, now(), 'cancel', 'x', 0, '{}', '', '', '{}' from kanthorq_task_operation_id_seq $$,
  $$ select format('sequence %s is behind the rows of public.kanthorq_task_operation: nothing can be logged', sequence),
       format('select setval(%L, %s)', sequence, id)
     from name, test.read('select max(id) from kanthorq_task_operation') o, jsonb_each_text(o) i (key, id) $$, null
),
(
  'schema was renamed', 'error',
  format(
    'create schema kanthorq_test_renamed;'
    ' create function kanthorq_test_renamed._kanthorq_claimed_by() returns regnamespace language plpgsql as %L',
    (select prosrc from pg_proc where proname = '_kanthorq_claimed_by')
  ),
  $$ values (
       'the functions of schema kanthorq_test_renamed work on the tables of this schema, whose name it had',
       '-- npx kanthorq-tasks migrate up --schema with the name that the other schema has now'
     ) $$,
  'drop schema kanthorq_test_renamed cascade'
),
-- Of a consumer and a stream. Tables with other names are none of ours, nor are views.
(
  'table is not registered', 'warning',
  $$ delete from kanthorq_consumer_registry where name = 'send_letter';
     create table public.kanthorq_stream_0123456789abcdefghjkmnpqrs (id text);
     create table public.kanthorq_consumer_report (id text);
     create table public.kanthorq_consumer_0123456789abcdefghjkmnpqrs_old (id text);
     create view public.kanthorq_consumer_0123456789abcdefghjkmnpqrs as select 1 $$,
  $$ select format('table public.%s belongs to no %s of the registry', table_name, kind),
       '-- put the registry row back, or, if nobody needs the rows: drop table public.' || table_name
     from (
       select 'consumer' as kind, table_name from consumer where name = 'send_letter'
       union all
       select 'stream', 'kanthorq_stream_0123456789abcdefghjkmnpqrs'
     ) v $$, null
),
(
  'table is gone', 'error',
  (select format('drop table %s; drop table %I', table_name, events) from consumer, name where consumer.name = 'send_email'),
  $$ select format('%s is registered, but its table ''%s'' does not exist', what, table_name),
       format('-- restore the table from a backup, or delete the row of %s from kanthorq_%s_registry', what, split_part(what, ' ', 1))
     from (
       select 'consumer ''send_email''' as what, table_name from consumer where name = 'send_email'
       union all
       select 'stream ''send_sms_stream''', events from name
     ) v $$,
  $$ delete from kanthorq_consumer_registry where name = 'send_email'; delete from kanthorq_stream_registry where name = 'send_sms_stream' $$
);

select plan(2 + 2 * (select count(*)::integer from fault) + 2);

select is_empty('select * from kanthorq_doctor()', 'nothing is wrong with consumers and tasks in good order');

create function pg_temp.finds(wrong fault)
returns setof text
language plpgsql
as $$
begin
  perform test.as_owner(wrong.scene);
  return next results_eq(
    'select * from kanthorq_doctor()',
    format('select %L, %L, f.* from (%s) f', wrong."check", wrong.severity, wrong.findings),
    wrong."check" || ' is found'
  );
  perform test.as_owner(coalesce(wrong.repair, regexp_replace(d.fix, '^-- .*: ', ''))) from kanthorq_doctor() d;
  return next is_empty('select * from kanthorq_doctor()', wrong."check" || ': the repair leaves nothing to find');
end
$$;

select pg_temp.finds(fault) from fault order by n;

select cmp_ok(
  (select cardinality(updated) from kanthorq_task_resume('send_sms', array(select id from task))), '>', 0, 'the log works again'
);

create function pg_temp.finds_no_migration(scene text, description text)
returns text
language plpgsql
as $$
begin
  perform test.as_owner(scene);
  return results_eq(
    'select * from kanthorq_doctor()',
    $q$ select 'migrations', 'warning', format('migration %s is not recorded in kanthorq_migrations', newest),
          '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
        from name $q$,
    description
  );
end
$$;

select pg_temp.finds_no_migration(
  format('delete from kanthorq_migrations where name = %L', newest), 'the newest migration has to be in the migrations table'
)
from name;

select pg_temp.finds_no_migration('drop table kanthorq_migrations', 'so it is without a migrations table');

rollback;
