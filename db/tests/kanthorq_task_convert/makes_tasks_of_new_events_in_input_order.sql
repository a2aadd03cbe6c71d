begin;

-- An event that is a task already, an event of another stream, and another consumer of the same stream.
create temp table event as
select 'old' as name, test.task(test.consumer(), 'retryable', attempt_count => 2) as id
union all
select 'other', kanthorq_stream_publish(test.consumer('send_sms') || '_stream', 'order.created', 'body')
union all
select name, kanthorq_stream_publish('send_email_stream', 'order.created', 'body') from unnest(array['e1', 'e2', 'e3', 'e4']) name
union all
values ('x1', 'event_x1'), ('x2', 'event_0x2');

create temp table sibling as
select name from kanthorq_consumer_register('send_email_stream', 'send_push', '{>}');

create temp table before as
select * from test.tasks('send_email');

create function pg_temp.ids(names text[])
returns text[]
language sql
as $$ select array_agg(e.id order by n.position) from unnest(names) with ordinality n (name, position) join event e using (name) $$;

select plan(5);

select is_empty($$ select * from kanthorq_task_convert('send_email', '{}') $$, 'no ids give no tasks');

select results_eq(
  $$ select event_id from kanthorq_task_convert('send_email', pg_temp.ids('{e3,x1,e1,old,e3,other,x2,e4,x1,e1}')) $$,
  $$ select unnest(pg_temp.ids('{e3,e1,e4}')) $$,
  'tasks come in the order in which their ids first came, once each; events that are tasks or not of the stream give none'
);

select set_eq(
  $$ select event_id from test.tasks('send_email') $$, $$ select unnest(pg_temp.ids('{old,e1,e3,e4}')) $$, 'they are all that was made'
);

select results_eq(
  $$ select * from test.tasks('send_email') where event_id = any (pg_temp.ids('{old}')) $$,
  'select * from before',
  'the old task is as it was'
);

select is_empty($$ select * from test.tasks('send_push') $$, 'another consumer of the stream gets none');

rollback;
