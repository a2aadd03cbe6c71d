begin;

create temp table task as
select state, test.task(test.consumer(), state) as id
from
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  generate_series(1, 2);

-- Another consumer of the same stream, with a task of one of the events.
create temp table other as
select t.event_id as id
from
  kanthorq_consumer_register('send_email_stream', 'send_sms', '{>}') c,
  kanthorq_task_convert(c.name, (select array[max(id)] from task), 'running') t;

create temp table expectation as
select format('array[%L]', state) as states, array[state] as found from (select distinct state from task) s
union all
values
  ('''{running,discarded,running}''', array['running', 'discarded']),
  ('''[0:0]={pending}''', array['pending']),
  ('null', (select array_agg(distinct state) from task));

select plan(11);

select results_eq(
  format('select event_id, state from kanthorq_task_find(''send_email'', states => %s, oldest_first => true)', states),
  format('select id, state from task where state = any (%L) order by id', found),
  format('states => %s finds %s tasks in the order of their ids', states, array_to_string(found, ', '))
)
from expectation;

select results_eq(
  $$ select event_id, state from kanthorq_task_find('send_sms') $$,
  $$ select id, 'running' from other $$,
  'another consumer has its own tasks'
);

rollback;
