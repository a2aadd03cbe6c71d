begin;

-- Ids ascend with the names.
create temp table task as
select name, test.task(test.consumer(), 'completed') as id from unnest(array['a1', 'a2', 'a3']) name
union all
values ('x1', 'event_x1'), ('x2', 'event_0x2');

create function pg_temp.ids(names text[])
returns text[]
language sql
as $$ select array_agg(t.id order by n.position) from unnest(names) with ordinality n (name, position) join task t using (name) $$;

select plan(3);

select results_eq(
  $$ select event_id, state
     from kanthorq_task_explain(event_ids => pg_temp.ids('{a3,x1,a1,a3,x1,x2,a2,a1}'), consumer => 'send_email') $$,
  $$ select id, case when name like 'a%' then 'completed' end
     from unnest(pg_temp.ids('{a3,x1,a1,x2,a2}')) with ordinality i (id, n) join task using (id) order by n $$,
  'rows come in the order in which the ids first came, unknown ones too'
);

select is_empty($$ select * from kanthorq_task_explain('send_email', '{}') $$, 'no ids give no rows');

select results_eq(
  $$ select e.event_id from task, kanthorq_task_explain('send_email', format('[0:1]={x,%s}', id)::text[]) e where name = 'a2' $$,
  $$ select unnest(array['x', id]) from task where name = 'a2' $$,
  'an array that begins at 0 is read from its first element to its last'
);

rollback;
