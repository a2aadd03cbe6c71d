begin;

select plan(3);

-- Ids ascend with the names within each group: a1 < a2 < a3.
create temp table task as
select name, test.task(test.consumer(), state, attempt_count => 4) as id
from (values
  ('a1', 'running'), ('a2', 'running'), ('a3', 'running'),
  ('b1', 'running'), ('b2', 'running'), ('b3', 'running'),
  ('c1', 'completed'), ('c2', 'completed')
) v (name, state)
union all
values ('x1', 'event_x1'), ('x2', 'event_0x2');

create function pg_temp.ids(names text[])
returns text[]
language sql
as $$ select array_agg(t.id order by n.position) from unnest(names) with ordinality n (name, position) join task t using (name) $$;

select results_eq(
  $$ select updated, noop
     from kanthorq_task_discard('send_email', pg_temp.ids('{a3,x1,a1,c2,a3,x1,x2,a2,c1,a1,c2,c2}')) $$,
  $$ select pg_temp.ids('{a3,a1,a2}'), pg_temp.ids('{x1,c2,x2,c1}') $$,
  'each distinct id is once in one of the arrays, in the order in which the ids first came'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', pg_temp.ids('{b3,b1,b2}')) $$,
  $$ select pg_temp.ids('{b3,b1,b2}'), '{}'::text[] $$,
  'so it is where all are updated'
);

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', pg_temp.ids('{x1,b3,b1,x1,b2}')) $$,
  $$ select '{}'::text[], pg_temp.ids('{x1,b3,b1,b2}') $$,
  'so it is where none is updated'
);

select * from finish();

rollback;
