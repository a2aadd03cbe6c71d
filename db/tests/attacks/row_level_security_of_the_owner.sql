begin;

create temp table task as
select test.task(test.consumer(), 'available') as id from generate_series(1, 3);

-- Row-level security is not for superusers, so everything gets another owner first.
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

create function pg_temp.all_tables(what text)
returns void
language plpgsql
as $$
begin
  perform test.as_owner(format('alter table public.%I %s', relname, what))
  from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname like 'kanthorq\_%';
end
$$;

select plan(6);

select pg_temp.all_tables('enable row level security');

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

set local row_security to on;

select pg_temp.all_tables('force row level security');

select throws_ok(
  $$ select kanthorq_task_count('send_email') $$,
  'KQ001', 'there is no consumer ''send_email''',
  'where it is forced, it holds for the functions too: rows that no policy shows do not exist'
);

select test.as_owner(format(
  'create policy p on kanthorq_consumer_registry using (true);'
  ' create policy p on kanthorq_task_operation using (true);'
  ' create policy p on %s using (event_id = %L)',
  test.task_table('send_email'), (select min(id) from task)
));

select test.as_owner(format('update %s set state = _kanthorq_task_state(''available'')', test.task_table('send_email')));

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('send_email', (select array_agg(id order by id) from task)) $$,
  $$ select (array_agg(id order by id))[:1], (array_agg(id order by id))[2:] from task $$,
  'a task that no policy shows is a no-op'
);

select results_eq(
  $$ select kanthorq_task_count('send_email'), array(select test.state('send_email', id) from task order by id) $$,
  $$ values (1::bigint, '{cancelled,available,available}'::text[]) $$,
  'and is neither counted nor changed'
);

rollback;
