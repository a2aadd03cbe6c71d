-- The index of the pullers is in finds_consumers_without_a_scheduling_index.sql.
begin;

select plan(2 + 6 * 2 + 2);

select is_empty('select * from kanthorq_doctor()', 'a new database is healthy');

create temp table consumer as
select test.consumer(name) as name from unnest(array['send_email', 'send_sms', 'send_letter']) name;

create temp table task as
select test.task(name, state, attempt_count => 3) as id
from consumer, unnest(array['discarded', 'cancelled', 'pending', 'running', 'completed', 'retryable']) state
union all
select test.task('send_email', 'running', attempt_count => 4, schedule_at => 4102444800000)
union all
select test.task('send_email', 'retryable', attempt_count => 4);

select is_empty('select * from kanthorq_doctor()', 'so is one with consumers and tasks in good order');

-- Each row of `findings` has a detail and a fix. The fixes are applied, or what their comments offer, or what `repair` does.
create function pg_temp.finds("check" text, severity text, scene text, findings text, repair text default null)
returns setof text
language plpgsql
as $$
begin
  perform test.as_owner(scene);
  return next results_eq(
    'select * from kanthorq_doctor()',
    format('select %L, %L, f.* from (%s) f', "check", severity, findings),
    "check" || ' is found'
  );
  if repair is null then
    perform test.as_owner(regexp_replace(d.fix, '^-- .*: ', '')) from kanthorq_doctor() d;
  else
    execute repair;
  end if;
  return next is_empty('select * from kanthorq_doctor()', "check" || ': the repair leaves nothing to find');
end
$$;

select pg_temp.finds(
  'schema is open', 'error', 'grant create on schema public to public',
  $$ values (
       'any role may create objects in schema public, also functions that are called instead of ours',
       'revoke create on schema public from public'
     ) $$
);

-- A function, a helper and a procedure, and a function without a list of rights; but nobody else's.
select pg_temp.finds(
  'PUBLIC may execute', 'error',
  $$ grant execute on function kanthorq_task_cancel to public;
     grant execute on procedure kanthorq_task_cancel_all to public;
     grant execute on function _kanthorq_task_states to public;
     create function public.kanthorq_copy() returns integer language sql as 'select 1';
     create function public.somebody_elses() returns integer language sql as 'select 1' $$,
  $$ select 'any role may execute ' || routine, 'revoke execute on routine ' || routine || ' from public'
     from unnest(array[
       'public._kanthorq_task_states()', 'public.kanthorq_copy()', 'public.kanthorq_task_cancel(text,text[],text)',
       (select format('public.kanthorq_task_cancel_all(%s)', string_agg(format_type(t, null), ',' order by n))
        from pg_proc, unnest(proargtypes::oid[]) with ordinality a (t, n)
        where oid = 'public.kanthorq_task_cancel_all'::regproc)
     ]) routine $$
);

-- The calls commit, which this test cannot do. What they do, it does.
select pg_temp.finds(
  'stuck tasks', 'warning',
  $$ select test.task(consumer, 'running', attempt_count => n)
     from (values ('send_email', 4), ('send_email', 5), ('send_sms', 4)) v (consumer, n) $$,
  $$ select
       format('consumer %L has %s tasks that are running, overdue and out of attempts: no worker takes them again', name, tasks),
       format('call public.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', name)
     from (values ('send_email', 2), ('send_sms', 1)) v (name, tasks) $$,
  $$ select kanthorq_task_discard(name, array(select event_id from test.tasks(name))) from consumer $$
);

-- A person has to decide, for they may be new.
select pg_temp.finds(
  'tasks in available', 'info',
  $$ select test.task(consumer, 'available') from unnest(array['send_email', 'send_email', 'send_sms']) consumer $$,
  $$ select
       format('consumer %L has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', name, tasks),
       format('-- to have them worked: call public.kanthorq_task_cancel_all(%1$L, states => ''{available}''), then public.kanthorq_task_resume_all(%1$L, states => ''{cancelled}'')', name)
     from (values ('send_email', 2), ('send_sms', 1)) v (name, tasks) $$,
  $$ select kanthorq_task_cancel(name, array(select event_id from test.tasks(name))) from consumer $$
);

-- Of a consumer and a stream. Tables with other names are none of ours, nor are views.
select pg_temp.finds(
  'table is not registered', 'warning',
  $$ delete from kanthorq_consumer_registry where name = 'send_letter';
     create table public.kanthorq_stream_0123456789abcdefghjkmnpqrs (id text);
     create table public.kanthorq_consumer_report (id text);
     create table public.kanthorq_consumer_0123456789abcdefghjkmnpqrs_old (id text);
     create view public.kanthorq_consumer_0123456789abcdefghjkmnpqrs as select 1 $$,
  format(
    $q$ select format('table public.%%s belongs to no %%s of the registry', table_name, kind),
          '-- put the registry row back, or, if nobody needs the rows: drop table public.' || table_name
        from (values ('consumer', %L), ('stream', 'kanthorq_stream_0123456789abcdefghjkmnpqrs')) v (kind, table_name) $q$,
    (select relname from pg_class where oid = test.task_table('send_letter'))
  )
);

create temp table gone as
select row ->> 'kind' as kind, row ->> 'name' as name, 'kanthorq_' || (row ->> 'id') as table_name
from test.read(
  $$ select 'consumer' as kind, name, id from kanthorq_consumer_registry where name = 'send_email'
     union all select 'stream', name, id from kanthorq_stream_registry where name = 'send_sms_stream' $$
) row;

select pg_temp.finds(
  'table is gone', 'error', (select string_agg(format('drop table %I', table_name), ';') from gone),
  $$ select format('%s %L is registered, but its table public.%s does not exist', kind, name, table_name),
       format('-- restore the table from a backup, or: delete from public.kanthorq_%s_registry where name = %L', kind, name)
     from gone order by kind $$
);

create temp table newest as
select row ->> 'name' as name from test.read('select name from kanthorq_migrations order by id desc limit 1') row;

create function pg_temp.finds_no_migration(scene text, description text)
returns text
language plpgsql
as $$
begin
  perform test.as_owner(scene);
  return results_eq(
    'select * from kanthorq_doctor()',
    $q$ select 'migrations', 'warning', format('migration %s is not recorded in kanthorq_migrations', name),
          '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
        from newest $q$,
    description
  );
end
$$;

select pg_temp.finds_no_migration(
  format('delete from kanthorq_migrations where name = %L', name), 'the newest migration has to be in the migrations table'
)
from newest;

select pg_temp.finds_no_migration('drop table kanthorq_migrations', 'so it is without a migrations table');

rollback;
