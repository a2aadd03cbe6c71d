-- The calls in the advice commit, which this test can't do; the batch function does the same.
begin;

select test.only_granted();

create temp table task as
select state, test.task(test.consumer(), state) as id from unnest(array['available', 'cancelled']) state, generate_series(1, 3);

create temp table advice as
select substring(fix from 'bulk_id: (select .*)$') as sql from kanthorq_doctor();

create temp table bulk as
select max(bulk_id)::text as id from test.batches('''cancel'', ''send_email'', states => ''{available}'', batch_size => 2');

select plan(2);

select results_eq((select replace(sql, '...', id) from advice, bulk), array[3], 'resume takes what the bulk cancelled');

select set_eq(
  'select id, test.state(''send_email'', id) from task where state = ''cancelled''',
  'select id, state from task where state = ''cancelled''',
  'and not what was cancelled on purpose'
);

rollback;
