begin;

select plan(2);

create temp table task as
select test.task(test.consumer('send_email'), 'discarded') as id from generate_series(1, 2);

-- Another consumer of the same stream, with tasks of the same events.
create temp table other as
select t.event_id
from
  kanthorq_consumer_register('send_email_stream', 'send_sms', '{>}') c,
  kanthorq_task_convert(c.name, (select array_agg(id) from task), 'discarded') t;

create temp table before as
select * from test.tasks('send_sms');

select results_eq(
  $$ select updated from kanthorq_task_resume('send_email', (select array_agg(id order by id) from task)) $$,
  $$ select array_agg(id order by id) from task $$,
  'the consumer''s own tasks are updated'
);

select results_eq(
  'select * from test.tasks(''send_sms'')',
  'select * from before',
  'those that another consumer has of the same events are not'
);

select * from finish();

rollback;
