-- Tables of another role, and triggers of another role on tables of ours, whose code would run as the owner of the functions.
begin;

create temp table task as
select action, test.task(test.consumer(), from_state, attempt_count => 4) as id from test.transitions();

select test.as_owner($scene$
  create role kanthorq_test_app;
  grant usage, create on schema public to kanthorq_test_app;
  grant insert on kanthorq_consumer_registry, kanthorq_stream_registry to kanthorq_test_app;
  grant select on all tables in schema public to kanthorq_test_app;
  create table public.ran (who text, what text);
  grant all on public.ran to public;
  create schema app authorization kanthorq_test_app;
  grant usage on schema app to public;
  -- Runs a statement as that role.
  create function app.run(sql text) returns void language plpgsql security definer set search_path to public, pg_temp as
    'begin execute sql; end';
  alter function app.run owner to kanthorq_test_app;
$scene$);

select app.run($code$
  create function public.app_note(what text) returns void language plpgsql as
    'begin insert into public.ran values (current_user, what); end';
  create type public.app_small as (v smallint);
  create function public.app_cast(app_small) returns smallint language plpgsql as
    'begin perform public.app_note(''cast''); return ($1).v; end';
  create cast (app_small as smallint) with function app_cast(app_small) as implicit;
  create function public.app_check(anyelement) returns boolean language plpgsql immutable as
    'begin perform public.app_note(''check''); return true; end';
  create domain public.app_domain as bigint check (public.app_check(value));
  create function public.app_bigint() returns bigint language plpgsql as
    'begin perform public.app_note(''default''); return 1; end';
  create function public.app_same(bigint) returns bigint language plpgsql immutable as
    'begin perform public.app_note(''expression''); return $1; end';
  create function public.app_trigger() returns trigger language plpgsql as
    'begin perform public.app_note(''trigger''); return new; end'
$code$);

-- Tables of consumers and of streams: a sound one of the owner's, changed as the role likes.
create temp table trap (n integer generated always as identity, kind text, what text, change text);

insert into trap (kind, what, change) values
  ('consumer', 'nothing', 'select'),
  ('consumer', 'cast', 'alter table % alter state drop default, alter state type app_small using row(state)::app_small'),
  ('consumer', 'domain', 'alter table % alter schedule_at type app_domain'),
  ('consumer', 'default', 'alter table % alter updated_at set default app_bigint()'),
  ('consumer', 'check', 'alter table % add check (app_check(state))'),
  ('consumer', 'generated column', 'alter table % add more bigint generated always as (app_same(schedule_at)) stored'),
  ('consumer', 'function of an index', 'create index on % (app_same(created_at))'),
  ('consumer', 'trigger of rows', 'create trigger t before insert or update on % for each row execute function app_trigger()'),
  ('consumer', 'trigger of statements', 'create trigger t after insert or update on % execute function app_trigger()'),
  ('consumer', 'rule', 'create rule r as on update to % do also select app_note(''rule'')'),
  ('consumer', 'policy', 'alter table % enable row level security; create policy p on % using (app_check(state))'),
  ('stream', 'trigger', 'create trigger t before insert on % for each row execute function app_trigger()'),
  ('stream', 'cast', 'alter table % alter created_at drop default, alter created_at type app_domain'),
  ('stream', 'policy', 'alter table % enable row level security; create policy p on % using (app_check(created_at))');

grant select on task, trap to public;

-- The table of the owner's stream stands for the events of each trap; the trap's event for the tasks.
select app.run(format(
  'create table public.kanthorq_%1$s_%2$s (like %3$s including all); %4$s'
  ' insert into public.kanthorq_%1$s_registry (%5$s)',
  kind, n, case kind when 'consumer' then test.task_table('send_email')::text else 'public.' || events end,
  replace(change || ';', '%', format('public.kanthorq_%s_%s', kind, n)),
  case kind
    when 'consumer' then format('stream_id, stream_name, id, name, subject_includes, cursor) values (%L, ''x'', ''consumer_%s'', %L, ''{>}'', ''''', stream_id, n, 'trap' || n)
    else format('id, name) values (''stream_%s'', %L', n, 'trap' || n)
  end
))
from trap, (
  select row ->> 'id' as stream_id, 'kanthorq_' || (row ->> 'id') as events
  from test.read('select id from kanthorq_stream_registry') row
) s;

create temp table call as
select name, call, 'trap' || n as of_trap
from trap, lateral (
  select * from test.calls(jsonb_build_object(kind, quote_literal('trap' || n)), '{"action": "''cancel''", "event_ids": "(select array_agg(id) from task)"}')
  where name <> 'kanthorq_task_operations'
) c;

-- Rights on tables of ours that a role may have by a GRANT on all of them.
create temp table hold (what text, on_table text, sql text);

insert into hold values
  ('trigger', 'send_email', 'create trigger t before update on % for each row execute function app_trigger()'),
  ('condition of a trigger', 'send_email',
    'create trigger t before update on % for each row when (query_to_xml(''select public.app_note(''''condition'''')'', true, true, '''') is not null)'
    ' execute function suppress_redundant_updates_trigger()'),
  ('condition with a function of its own', 'send_email',
    'create trigger t before update on % for each row when (app_check(new.state)) execute function suppress_redundant_updates_trigger()'),
  ('trigger', 'kanthorq_task_operation', 'create trigger t before insert on % for each row execute function app_trigger()'),
  ('trigger', 'kanthorq_consumer_registry', 'create trigger t before insert or update on % for each row execute function app_trigger()');

select plan(5 + (select count(*)::integer from call) + 2 * (select count(*)::integer from hold) + (select count(*)::integer from trap));

delete from ran;

select throws_ok(call, 'KQ002', null, format('%s refuses %s', name, of_trap)) from call;

select lives_ok('select * from kanthorq_task_stats()', 'all statistics leave them out');

select matches(
  (select string_agg(detail, e'\n') from kanthorq_doctor() where "check" = 'table is not ours'),
  format('%s ''trap%s'': its table ''public.kanthorq_%1$s_%2$s'' belongs to the role kanthorq_test_app', kind, n),
  format('the doctor names the owner: %s', what)
)
from trap;

select is_empty(
  $$ select fix from kanthorq_doctor() where "check" = 'table is not ours' and fix not like '-- %' $$, 'and takes over none of them by itself'
);

create function pg_temp.holds(held hold)
returns setof text
language plpgsql
as $$
declare
  v_table text := case held.on_table when 'send_email' then test.task_table('send_email')::text else 'public.' || held.on_table end;
begin
  perform test.as_owner(format('grant trigger on %s to kanthorq_test_app', t.name))
  from (select v_table::regclass union select relid from pg_partition_tree(v_table::regclass)) t (name);
  perform app.run(replace(held.sql, '%', v_table));
  return next throws_ok(
    $q$ select kanthorq_task_cancel('send_email', (select array_agg(id) from task)) $q$, 'KQ002', null,
    format('%s on %s is refused', held.what, held.on_table)
  );
  return next isnt_empty(
    $q$ select from kanthorq_doctor() where "check" = 'table is not ours' and detail ~ 'trigger' $q$, 'the doctor tells of it'
  );
  perform test.as_owner(format('drop trigger t on %s', v_table));
end
$$;

select pg_temp.holds(hold) from hold;

select lives_ok(
  $$ select kanthorq_task_cancel('send_email', (select array_agg(id) from task)) $$, 'without the trigger, the call is made'
);

select is_empty('select what from ran', 'none of the code has run');

-- As the tests of the table itself would run it.
select app.run('select app_note(''the role itself'')');

select results_eq('select who, what from ran', $$ values ('kanthorq_test_app', 'the role itself') $$, 'it would have been seen');

rollback;
