begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), state, attempt_count => 5, schedule_at => 1234, finalized_at => 5678) as id
from unnest(array['discarded', 'cancelled']) state;

create temp table before as
select * from test.tasks('send_email');

create temp table done as
select r.*
from kanthorq_task_resume(
  'send_email', (select array_agg(id) from task), schedule_at => '2100-01-01', reset_attempts => true
) r;

select results_eq(
  $$ select updated, noop from kanthorq_task_operations() o, kanthorq_task_undo(o.id) $$,
  $$ select array_agg(id order by id), '{}'::text[] from task $$,
  'tasks that were resumed for later, with all attempts, are put back'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'with the due time and the attempts that they had'
);

select * from finish();

rollback;
