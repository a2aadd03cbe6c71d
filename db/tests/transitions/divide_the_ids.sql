begin;

-- Ids ascend with the names within each group: a1 < a2 < a3.
create temp table task as
select action, name, test.task(
  test.consumer(action), case when name like 'c%' then 'completed' else from_state end, attempt_count => 4
) as id
from test.transitions(), unnest(array['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'd1', 'd2', 'e1', 'f1']) name
union all
select action, name, id from test.transitions(), (values ('x1', 'event_x1'), ('x2', 'event_0x2')) v (name, id);

create function pg_temp.ids(action text, names text[])
returns text[]
language sql
as $$
  select coalesce(array_agg(t.id order by n.position), '{}')
  from unnest(names) with ordinality n (name, position) join task t using (name) where t.action = ids.action
$$;

create temp table expectation as
select action, v.* from test.transitions(), (values
  ('{a3,x1,a1,c2,a3,x1,x2,a2,c1,a1,c2,c2}'::text[], '{a3,a1,a2}'::text[], '{x1,c2,x2,c1}'::text[],
    'each distinct id is once in one of the arrays, in the order in which the ids first came'),
  ('{b3,b1,b2}', '{b3,b1,b2}', '{}', 'so it is where all are updated'),
  ('{x1,c2,c1,x1,x2}', '{}', '{x1,c2,c1,x2}', 'so it is where none is updated'),
  ('{d2,d1,d2,d1}', '{d2,d1}', '{}', 'an id that is given twice and updated is reported once'),
  ('{}', '{}', '{}', 'of no ids, both arrays are empty and not null')
) v (names, updated, noop, description);

select plan(3 * (5 + 2));

select results_eq(
  format('select * from test.move(%1$L, %1$L, pg_temp.ids(%1$L, %2$L))', action, names),
  format('select pg_temp.ids(%1$L, %2$L), pg_temp.ids(%1$L, %3$L)', action, updated, noop),
  format('%s: %s', action, description)
)
from expectation;

select results_eq(
  format('select m.* from test.move(%1$L, %1$L, format(''[0:1]={x,%%s}'', (pg_temp.ids(%1$L, ''{e1}''))[1])::text[]) m', action),
  format('select pg_temp.ids(%L, ''{e1}''), array[''x'']', action),
  action || ': an array that begins at 0 is read from its first element to its last'
)
from test.transitions();

select results_eq(
  format('select m.* from test.move(%1$L, %1$L, format(''[0:0]={%%s}'', (pg_temp.ids(%1$L, ''{f1}''))[1])::text[]) m', action),
  format('select pg_temp.ids(%L, ''{f1}''), ''{}''::text[]', action),
  action || ': the results begin at 1 also where all are updated'
)
from test.transitions();

rollback;
