begin;

select plan(3);

create temp table task as
select test.task(test.consumer(), 'available') as id from generate_series(1, 2);

create temp table span (moment) as
values (clock_timestamp());

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

insert into span values (clock_timestamp());

select results_eq(
  'select at from kanthorq_task_operations()',
  'select distinct to_timestamp(updated_at / 1000.0) from test.tasks(''send_email'')',
  'an operation has the time that its tasks have as updated_at'
);

select results_eq(
  $$ select at between date_trunc('milliseconds', min(moment)) and max(moment) from span, kanthorq_task_operations() group by at $$,
  array[true],
  'which is that of the call, to the millisecond'
);

select results_eq(
  'select transaction_id from kanthorq_task_operations()',
  array[pg_current_xact_id()],
  'and the transaction that it is part of'
);

rollback;
