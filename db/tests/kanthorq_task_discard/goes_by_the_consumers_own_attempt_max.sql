begin;

select plan(2);

create temp table task as
select attempt_max, test.task(test.consumer('max_' || attempt_max, attempt_max), 'running', attempt_count => attempt_count) as id
from (values (1, 2), (16, 16), (32767, 32767)) v (attempt_max, attempt_count);

select results_eq(
  $$ select attempt_max, updated = array[id], noop = array[id]
     from task, kanthorq_task_discard('max_' || attempt_max, array[id])
     order by attempt_max $$,
  $$ values (1, true, false), (16, false, true), (32767, false, true) $$,
  'a task has spent its attempts when it has more behind it than its consumer allows'
);

select is(
  (select state from task, test.state('max_1', id) state where attempt_max = 1), 'discarded',
  'so the one that had is discarded'
);

select * from finish();

rollback;
