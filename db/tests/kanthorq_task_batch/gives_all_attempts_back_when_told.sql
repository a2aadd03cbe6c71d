begin;

select plan(2);

create temp table consumer as
select name, test.consumer(name, attempt_max => 3) from unnest(array['kept', 'given_back']) name;

create temp table task as
select name, test.task(name, 'discarded', attempt_count => n) as id from consumer, unnest(array[1, 3, 5]) n;

create temp table batch as
select name, b.*
from consumer, kanthorq_task_batch('resume', name, '{discarded}', reset_attempts => name = 'given_back') b;

select results_eq(
  $$ select attempt_count from test.tasks('kept') $$,
  array[1, 3, 3],
  'at least one attempt is left'
);

select results_eq(
  $$ select attempt_count from test.tasks('given_back') $$,
  array[0, 0, 0],
  'all of them are, if that is asked for'
);

select * from finish();

rollback;
