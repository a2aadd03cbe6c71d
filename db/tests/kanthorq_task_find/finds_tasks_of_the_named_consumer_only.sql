begin;

select plan(2);

create temp table task as
select test.task(test.consumer('send_email'), 'available') as id from generate_series(1, 2);

-- Another consumer of the same stream, with a task of one of the events.
create temp table other as
select t.event_id as id
from
  kanthorq_consumer_register('send_email_stream', 'send_sms', '{>}') c,
  kanthorq_task_convert(c.name, (select array[max(id)] from task), 'running') t;

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_email') $$,
  $$ select id, 'available' from task order by id desc $$,
  'the consumer''s own tasks are found'
);

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_sms') $$,
  $$ select id, 'running' from other $$,
  'and the other''s for the other'
);

select * from finish();

rollback;
