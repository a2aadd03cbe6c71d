begin;

select plan(4);

create temp table task as
select test.tasks_in_bulk(test.consumer(), 'retryable', 10000) as id;

create temp table before as
select * from test.tasks('send_email');

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id order by md5(id)) from task));

-- A tenth is resumed since.
create temp table touched as
select updated from kanthorq_task_resume('send_email', (select array_agg(id) from task where id like '%7'));

create temp table undone as
select u.* from (select min(id) as id from kanthorq_task_operations()) o, kanthorq_task_undo(o.id) u;

select results_eq(
  'select cardinality(updated), cardinality(noop) from undone',
  'values (9000, 1000)',
  'what was touched is a no-op, all others are put back'
);

select is(
  (select count(*) from undone, unnest(noop) id where id not like '%7'),
  0::bigint,
  'the no-ops are the right ones'
);

select results_eq(
  $$ select state, count(*) from test.tasks('send_email') group by state order by state $$,
  $$ values ('retryable', 9000::bigint), ('running', 1000) $$,
  'and stand as the resume left them'
);

select is_empty(
  $$ select * from test.tasks('send_email') where state = 'retryable' except select * from before $$,
  'what was put back is as it was'
);

select * from finish();

rollback;
