begin;

select plan(2);

create temp table t as
select state, test.task(test.consumer(), state) as id
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select results_eq(
  $$ select updated, noop from kanthorq_task_cancel('send_email', (select array_agg(id order by id) from t)) $$,
  $$ select
       (select array_agg(id order by id) from t where state in ('pending', 'available', 'retryable')),
       (select array_agg(id order by id) from t where state not in ('pending', 'available', 'retryable')) $$,
  'pending, available and retryable tasks are updated, all others are no-ops'
);

select results_eq(
  $$ select t.state, test.state('send_email', t.id) from t order by t.id $$,
  $$ select state, case when state in ('pending', 'available', 'retryable') then 'cancelled' else state end from t order by id $$,
  'what was updated is cancelled, what was not is as it was'
);

select * from finish();

rollback;
