begin;

select plan(6);

create temp table task as
select test.task(test.consumer(), state, attempt_count => 9) as id from unnest(array['available', 'running', 'cancelled']) state;

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_email', '{running}') $$,
  'KQ003', 'cancel does not take tasks in state running',
  'cancel takes no running tasks'
);

select throws_ok(
  $$ select kanthorq_task_batch('resume', 'send_email', '{running,completed}') $$,
  'KQ003', 'resume does not take tasks in state completed, running',
  'resume takes neither running nor completed ones'
);

select throws_ok(
  $$ select kanthorq_task_batch('discard', 'send_email', '{retryable}', everything => true) $$,
  'KQ003', 'discard does not take tasks in state retryable',
  'discard takes only running ones'
);

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_email', '{parked}') $$,
  'KQ003', '''parked'' is not a task state',
  'no action takes what is no state'
);

select throws_ok(
  $$ select kanthorq_task_batch('cancel', 'send_email', '{}') $$,
  'KQ003', 'states is not a list of at least one state',
  'nor no state at all'
);

select results_eq(
  $$ select updated from kanthorq_task_batch('cancel', 'send_email', '{running,available,cancelled}') $$,
  array[1::bigint],
  'of several states, those that it takes are taken'
);

select * from finish();

rollback;
