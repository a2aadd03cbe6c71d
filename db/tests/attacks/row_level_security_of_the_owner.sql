-- Row level security, and rights that the owner has taken from itself, are not for superusers: everything gets another owner first.
begin;

create temp table task as
select test.task(test.consumer(), 'available') as id from generate_series(1, 3);

create temp table own_table as
select c.relname::text collate "default" as name, quote_ident(c.relname) as quoted
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname like 'kanthorq\_%';

select test.as_owner($owner$
  create role kanthorq_test_row_level;
  grant usage, create on schema public to kanthorq_test_row_level;
  do $do$
  declare
    v_object text;
  begin
    for v_object in
      select format('table public.%I', relname) from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname like 'kanthorq\_%'
      union all
      select format('routine %s', oid::regprocedure) from pg_proc
      where pronamespace = 'public'::regnamespace and proname ~ '^_?kanthorq_'
    loop
      execute format('alter %s owner to kanthorq_test_row_level', v_object);
    end loop;
  end
  $do$;
$owner$);

create temp table fault (n integer, what text, table_name text, break text, repair text, message text);

-- The registries and the log stop all functions, the tables of a consumer and of its stream those that need them.
insert into fault
select row_number() over (order by name, what), what, name, replace(break, '%', quoted), replace(repair, '%', quoted), message
from own_table, (values
  ('row level security', 'alter table % enable row level security; alter table % force row level security',
    'alter table % no force row level security', 'hides rows from kanthorq_test_row_level by row level security'),
  ('rights', 'revoke all on % from kanthorq_test_row_level', 'grant all on table % to kanthorq_test_row_level',
    'can''t be read or changed by kanthorq_test_row_level, its owner')
) v (what, break, repair, message)
where name <> 'kanthorq_migrations';

create function pg_temp.refused(call text)
returns boolean
language plpgsql
as $$
begin
  execute call;
  return false;
exception
  when others then
    if sqlstate not like 'KQ%' then
      raise;
    end if;
    return sqlstate = 'KQ002';
end
$$;

create function pg_temp.is_refused(wrong fault)
returns setof text
language plpgsql
as $$
begin
  perform test.as_owner(wrong.break);
  return next set_eq(
    'select name from call where pg_temp.refused(call)',
    format(
      'select name from call where needs @> %L', array_remove(array[substring(wrong.table_name from '^kanthorq_(consumer|stream)_0')], null)
    ),
    format('%s of %s: who needs it is refused', wrong.what, left(wrong.table_name, 24))
  );
  return next is(
    (select string_agg(fix, ';' order by fix) from kanthorq_doctor() where "check" = 'table is not ours' and detail like '%' || wrong.message),
    replace(wrong.repair, 'table kanthorq', 'table public.kanthorq'), 'the doctor has the statement'
  );
  perform test.as_owner(wrong.repair);
end
$$;

select plan(3 + 2 * (select count(*)::integer from fault));

select test.as_owner(format('alter table public.%I enable row level security', name)) from own_table;

select results_eq(
  $$ select cardinality(updated) from kanthorq_task_cancel('send_email', (select array_agg(id) from task)) $$,
  array[3],
  'without a policy, nobody but the owner sees a row, and the functions are the owner'
);

set local row_security to off;

select results_eq(
  $$ select cardinality(updated) from kanthorq_task_resume('send_email', (select array_agg(id) from task)) $$,
  array[3],
  'whatever the caller''s row_security is'
);

select results_eq(
  'select tasks from kanthorq_task_operations()',
  array[3, 3]::bigint[],
  'the log is written, and read'
);

-- A call of each function that touches a table, and the kind of table that it needs beside the registries and the log.
create temp table call as
select name, call, case when name in ('kanthorq_event_missed', 'kanthorq_task_convert', 'kanthorq_task_pull') then '{consumer,stream}'::text[] else '{consumer}' end as needs
from test.calls('{"consumer": "''send_email''"}', '{"action": "''cancel''"}') where name <> 'kanthorq_task_operations'
union all
select name, call, case name when 'kanthorq_event_purge_batch' then '{consumer,stream}'::text[] else '{stream}' end
from test.calls('{"stream": "''send_email_stream''"}', '{"subject": "''a''", "name": "''other''", "subject_includes": "''{>}''"}')
union all
select name, call, '{stream}'::text[] from test.calls('{"name": "''send_email_stream''"}') where name = 'kanthorq_stream_register'
union all
select 'kanthorq_task_undo', format('select kanthorq_task_undo(%s)', max(id)), '{consumer}'::text[] from kanthorq_task_operations()
union all
values ('kanthorq_grant', 'select kanthorq_grant(''pg_monitor'', ''viewer'')', '{}'::text[]), ('kanthorq_revoke', 'select kanthorq_revoke(''pg_monitor'')', '{}'),
  ('all stats', 'select kanthorq_task_stats()', '{}'), ('all operations', 'select kanthorq_task_operations()', '{}'),
  ('kanthorq_task_operation_purge', 'select kanthorq_task_operation_purge(''1970-01-01'')', '{}');

select test.as_owner(format('alter table public.%I disable row level security', name)) from own_table;

select pg_temp.is_refused(fault) from fault order by n;

rollback;
