begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'available') as id from generate_series(1, 2);

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table before as
select * from test.tasks('send_email');

create temp table operation as
select * from kanthorq_task_operations();

savepoint undo;

create temp table undone as
select u.* from operation, kanthorq_task_undo(id) u;

select is((select cardinality(updated) from undone), 2, 'an undo that is then rolled back says what it did');

rollback to undo;

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from before',
  'but has not done it'
);

select results_eq(
  'select id from kanthorq_task_operations()',
  'select id from operation',
  'and is not in the log'
);

select * from finish();

rollback;
