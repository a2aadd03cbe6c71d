begin;

select plan(5);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 7) n;

create temp table done as
select updated from (select * from task order by n offset 0) t, kanthorq_task_cancel('send_email', array[id], n::text);

create temp table page1 as
select * from kanthorq_task_operations(max_operations => 3);

create temp table page2 as
select * from kanthorq_task_operations(max_operations => 3, before => (select min(id) from page1));

create temp table page3 as
select * from kanthorq_task_operations(max_operations => 3, before => (select min(id) from page2));

select results_eq('select reason from page1', array['7', '6', '5'], 'the first page has the newest');

select results_eq('select reason from page2', array['4', '3', '2'], 'the second goes on where the first ended');

select results_eq('select reason from page3', array['1'], 'the third is the last');

select is_empty(
  'select * from kanthorq_task_operations(before => (select min(id) from page3))',
  'after it, there is nothing'
);

select results_eq(
  $$ select reason from kanthorq_task_operations('send_email', before => (select id from page2 where reason = '3'), max_operations => 1) $$,
  array['2'],
  'one consumer has pages, too'
);

select * from finish();

rollback;
