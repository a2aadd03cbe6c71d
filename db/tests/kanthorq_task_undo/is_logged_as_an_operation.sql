begin;

select plan(4);

create temp table task as
select state, test.task(test.consumer(), state) as id from unnest(array['pending', 'available', 'retryable']) state;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task), 'too many');

create temp table operation as
select * from kanthorq_task_operations();

create temp table undone as
select u.* from operation, kanthorq_task_undo(id, 'it was not') u;

select results_eq(
  $$ select n.action, n.consumer_name, n.reason, n.undoes, n.tasks, n.from_states
     from operation o, kanthorq_task_operations(max_operations => 1) n where n.id > o.id $$,
  $$ select 'undo', 'send_email', 'it was not', id, 3::bigint, '{"cancelled": 3}'::jsonb from operation $$,
  'the log says what was undone, why, and what the tasks were before'
);

select results_eq(
  $$ select n.event_ids from kanthorq_task_operations(max_operations => 1) n $$,
  'select updated from undone',
  'and which tasks'
);

create temp table again as
select u.* from operation, kanthorq_task_undo(id) u;

select results_eq(
  $$ select updated, cardinality(noop) from again $$,
  $$ values ('{}'::text[], 3) $$,
  'a second undo changes nothing'
);

select is(
  (select count(*) from kanthorq_task_operations()),
  2::bigint,
  'and is not in the log'
);

select * from finish();

rollback;
