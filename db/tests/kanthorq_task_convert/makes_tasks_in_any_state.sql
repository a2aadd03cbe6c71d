begin;

select plan(3);

create temp table event as
select n, kanthorq_stream_publish(test.consumer() || '_stream', 'order.created', 'body') as id
from generate_series(0, 7) n;

select results_eq(
  $$ select state from kanthorq_task_convert('send_email', (select array[id] from event where n = 0)) $$,
  array['available'],
  'the state is available if none is given'
);

create temp table wanted as
select n, name
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) with ordinality s (name, n);

select results_eq(
  $$ select t.state
     from wanted join event using (n), kanthorq_task_convert('send_email', array[event.id], wanted.name) t order by n $$,
  'select name from wanted order by n',
  'it is the one that is given, of all seven'
);

select results_eq(
  $$ select test.state('send_email', event.id) from wanted join event using (n) order by n $$,
  'select name from wanted order by n',
  'and so it is stored'
);

select * from finish();

rollback;
