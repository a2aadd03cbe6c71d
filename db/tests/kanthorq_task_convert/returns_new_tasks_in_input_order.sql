begin;

select plan(2);

create temp table event as
select name, kanthorq_stream_publish(test.consumer() || '_stream', 'order.created', 'body') as id
from unnest(array['e1', 'e2', 'e3', 'e4']) name
union all
values ('x1', 'event_x1'), ('x2', 'event_0x2');

create function pg_temp.ids(names text[])
returns text[]
language sql
as $$ select array_agg(e.id order by n.position) from unnest(names) with ordinality n (name, position) join event e using (name) $$;

select results_eq(
  $$ select event_id from kanthorq_task_convert('send_email', pg_temp.ids('{e3,x1,e1,e3,x2,e4,x1,e1}')) $$,
  $$ select unnest(pg_temp.ids('{e3,e1,e4}')) $$,
  'tasks come in the order in which their ids first came, once each, and unknown events are passed over'
);

select results_eq(
  $$ select event_id from test.tasks('send_email') $$,
  $$ select unnest(pg_temp.ids('{e1,e3,e4}')) $$,
  'they are all that was made'
);

select * from finish();

rollback;
