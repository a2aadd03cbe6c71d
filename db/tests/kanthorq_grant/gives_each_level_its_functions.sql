-- The matrix. It says again, and independently, what design and README promise; a function that is not placed here fails.
begin;

select plan(5);

create temp table matrix (name text, viewer boolean, operator boolean);

insert into matrix values
  ('kanthorq_consumer_register', false, false),
  ('kanthorq_doctor', true, true),
  ('kanthorq_grant', false, false),
  ('kanthorq_revoke', false, false),
  ('kanthorq_stream_publish', false, false),
  ('kanthorq_stream_register', false, false),
  ('kanthorq_task_all', false, true),
  ('kanthorq_task_batch', false, true),
  ('kanthorq_task_cancel', false, true),
  ('kanthorq_task_cancel_all', false, true),
  ('kanthorq_task_convert', false, false),
  ('kanthorq_task_count', true, true),
  ('kanthorq_task_discard', false, true),
  ('kanthorq_task_discard_all', false, true),
  ('kanthorq_task_explain', true, true),
  ('kanthorq_task_find', true, true),
  ('kanthorq_task_operation_purge', false, false),
  ('kanthorq_task_operations', true, true),
  ('kanthorq_task_resume', false, true),
  ('kanthorq_task_resume_all', false, true),
  ('kanthorq_task_stats', true, true),
  ('kanthorq_task_undo', false, true);

do $$
begin
  perform test.as_owner('create role kanthorq_test_viewer; create role kanthorq_test_operator; create role kanthorq_test_stranger');
  perform test.as_owner('select kanthorq_grant(''kanthorq_test_viewer'', ''viewer'')');
  perform test.as_owner('select kanthorq_grant(''kanthorq_test_operator'', ''operator'')');
end
$$;

select set_eq(
  $$ select proname::text from pg_proc where pronamespace = 'public'::regnamespace and proname like 'kanthorq%' $$,
  'select name from matrix',
  'every function of the API has its place in the matrix'
);

select is_empty(
  $$ select m.name, r.role
     from matrix m
       join pg_proc p on p.proname = m.name and p.pronamespace = 'public'::regnamespace,
       lateral (values
         ('kanthorq_test_viewer', m.viewer), ('kanthorq_test_operator', m.operator), ('kanthorq_test_stranger', false)
       ) r (role, may)
     where has_function_privilege(r.role, p.oid, 'execute') <> r.may $$,
  'viewer, operator and stranger may execute what the matrix says, no less and no more'
);

select is_empty(
  $$ select r.role, p.proname
     from pg_proc p, unnest(array['kanthorq_test_viewer', 'kanthorq_test_operator', 'kanthorq_test_stranger']) r (role)
     where p.pronamespace = 'public'::regnamespace and p.proname like '\_kanthorq%' and has_function_privilege(r.role, p.oid, 'execute') $$,
  'none of them may execute an internal function'
);

select is_empty(
  $$ select r.role, c.relname
     from pg_class c, unnest(array['kanthorq_test_viewer', 'kanthorq_test_operator', 'kanthorq_test_stranger']) r (role)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
       and (
         has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
         or has_any_column_privilege(r.role, c.oid, 'select, insert, update, references')
       ) $$,
  'none of them has a right on a table or a column'
);

select is_empty(
  $$ select r.role, c.relname
     from pg_class c, unnest(array['kanthorq_test_viewer', 'kanthorq_test_operator', 'kanthorq_test_stranger']) r (role)
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'S' and has_sequence_privilege(r.role, c.oid, 'usage, select, update') $$,
  'nor on a sequence'
);

select * from finish();

rollback;
