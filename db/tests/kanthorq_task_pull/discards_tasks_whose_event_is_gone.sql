begin;

create temp table task as
select v.name, test.task(test.consumer(), v.state, attempt_count => 1) as id
from (values ('kept', 'retryable'), ('failed', 'retryable'), ('not reported', 'running')) v (name, state);

select test.as_owner(format(
  'delete from %s where id in (%s)',
  (select r ->> 'name' from test.read('select ''kanthorq_'' || stream_id as name from kanthorq_consumer_registry') r),
  (select string_agg(quote_literal(id), ', ') from task where name <> 'kept')
));

select plan(3);

select results_eq(
  $$ select t.name from kanthorq_task_pull('send_email') p join task t on t.id = p.event_id $$, array['kept'],
  'a worker gets tasks that it can handle'
);

select results_eq(
  $$ select t.name, s.state, s.finalized_at > 0, s.attempted_error[1] ->> 'error', s.attempted_error[1] ->> 'stack' <> ''
     from test.tasks('send_email') s join task t on t.id = s.event_id where t.name <> 'kept' order by 1 $$,
  $$ values ('failed', 'discarded', true, 'the event is gone', true), ('not reported', 'discarded', true, 'the event is gone', true) $$,
  'the others are discarded with the reason'
);

select is_empty('select * from kanthorq_task_pull(''send_email'')', 'nobody pulls them again');

rollback;
