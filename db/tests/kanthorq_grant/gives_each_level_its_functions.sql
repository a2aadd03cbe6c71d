begin;

create temp table level as
select row ->> 'name' as name, row ->> 'level' as level from test.read('select * from _kanthorq_function_levels()') row;

select test.as_owner('create role kanthorq_test_viewer; create role kanthorq_test_operator; create role kanthorq_test_worker;
  create role kanthorq_test_publisher; create role kanthorq_test_stranger');

select test.as_owner(format($$ select kanthorq_grant('kanthorq_test_%1$s', %1$L) $$, level)) from unnest(array['viewer', 'operator', 'worker', 'publisher']) level;

create temp table granted as
select r.role, p.oid, p.proname, p.provolatile, p.prokind, l.level, has_function_privilege('kanthorq_test_' || r.role, p.oid, 'execute') as may
from pg_proc p left join level l on l.name = p.proname, unnest(array['viewer', 'operator', 'worker', 'publisher', 'stranger']) r (role)
where p.pronamespace = 'public'::regnamespace;

select plan(7);

select bag_eq(
  'select name from level',
  $$ select proname::text from granted where role = 'stranger' $$,
  'every function has a level, and only one'
);

select set_eq('select level from level', array['viewer', 'operator', 'worker', 'publisher', 'owner', 'internal'], 'those are the levels');

select is_empty(
  $$ select role, proname from granted
     where may <> coalesce(role = level or role = 'operator' and level = 'viewer', false) $$,
  'each may execute what the level says, and a stranger nothing'
);

-- That says, independently of the level, what a viewer must not be able to do.
select is_empty(
  $$ select proname from granted where role = 'viewer' and may <> (provolatile = 's') and level <> 'internal' $$,
  'a viewer may execute the functions that change nothing'
);

select is_empty(
  $$ select proname from granted
     where role = 'operator' and may and proname ~ '_(grant|revoke|register|publish|convert|purge)$' $$,
  'an operator neither grants, nor registers, nor publishes, nor makes tasks, nor deletes'
);

select set_eq(
  $$ select proname::text from granted where role = 'worker' and may $$,
  array['kanthorq_task_pull', 'kanthorq_task_complete', 'kanthorq_task_fail', 'kanthorq_task_extend', 'kanthorq_task_release'],
  'a worker works, and does nothing else'
);

select is_empty(
  $$ select r.role, c.relname
     from pg_class c, unnest(array[
       'kanthorq_test_viewer', 'kanthorq_test_operator', 'kanthorq_test_worker', 'kanthorq_test_publisher', 'kanthorq_test_stranger'
     ]) r (role)
     where c.relnamespace = 'public'::regnamespace and case
       when c.relkind in ('r', 'p', 'v', 'm') then
         has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
         or has_any_column_privilege(r.role, c.oid, 'select, insert, update, references')
       when c.relkind = 'S' then has_sequence_privilege(r.role, c.oid, 'usage, select, update')
     end $$,
  'none of them has a right on a table, a column or a sequence'
);

rollback;
