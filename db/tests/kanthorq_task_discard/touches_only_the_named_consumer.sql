begin;

select plan(2);

create temp table task as
select test.task(test.consumer('send_email'), 'running', attempt_count => 4) as id from generate_series(1, 2);

-- Another consumer of the same stream, with tasks of the same events that are as stuck.
create temp table other as
select t.event_id
from
  kanthorq_consumer_register('send_email_stream', 'send_sms', '{>}', attempt_max => 3) c,
  kanthorq_task_convert(c.name, (select array_agg(id) from task), 'running') t;

do $$
begin
  perform test.as_owner(format('update %s set schedule_at = 1000, attempt_count = 4', test.task_table('send_sms')));
end
$$;

create temp table before as
select * from test.tasks('send_sms');

select results_eq(
  $$ select updated from kanthorq_task_discard('send_email', (select array_agg(id order by id) from task)) $$,
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
