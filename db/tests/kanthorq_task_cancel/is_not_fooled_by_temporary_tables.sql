begin;

select plan(2);

-- Anybody may make such tables, and PostgreSQL looks for a table in pg_temp first unless told otherwise.
-- This one comes before all calls, so that none finds a plan that was made without it.
create temp table kanthorq_consumer_registry (id text, name text);

create temp table task as
select test.tasks_in_bulk(test.consumer(), 'available', 1) as id;

do $$
begin
  execute format(
    'create temp table %I (event_id text, state smallint)',
    (select c.relname from pg_class c where c.oid = test.task_table('send_email'))
  );
end
$$;

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('send_email', (select array_agg(id) from task)) $$,
  $$ select array_agg(id), '{}'::text[] from task $$,
  'temporary tables with the names of the registry and of the task table are not looked at'
);

select results_eq(
  $$ select test.state('send_email', id) from task $$,
  array['cancelled'],
  'the real task is cancelled'
);

select * from finish();

rollback;
