begin;

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 7) n;

create temp table done as
select updated from (select * from task order by n offset 0) t, kanthorq_task_cancel('send_email', array[id], n::text);

-- A task of the same event that another consumer has.
create temp table other as
select t.event_id as id
from kanthorq_consumer_register('send_email_stream', 'send_sms', '{>}') c,
  kanthorq_task_convert(c.name, (select array[id] from task where n = 4), 'available') t;

do $$
begin
  perform kanthorq_task_cancel('send_sms', array[id], 'other') from other;
end
$$;

-- What was done to a consumer can be read when the consumer is gone.
select test.drop_task_table('send_email');

select test.as_owner('delete from kanthorq_consumer_registry where name = ''send_email''');

create temp table operation as
select id, reason from kanthorq_task_operations();

select plan(13);

select results_eq(
  format('select reason from kanthorq_task_operations(%s)', arguments), format('select unnest(%L::text[])', reasons), description
)
from (values
  ('max_operations => 3', '{other,7,6}', 'the first page has the newest'),
  ('max_operations => 3, before => (select id from operation where reason = ''6'')', '{5,4,3}', 'the second goes on where the first ended'),
  ('max_operations => 3, before => (select id from operation where reason = ''3'')', '{2,1}', 'the third is the last'),
  ('before => (select min(id) from operation)', '{}', 'after it, there is nothing'),
  ('''send_email'', max_operations => 1, before => (select id from operation where reason = ''3'')', '{2}', 'one consumer has pages, too'),
  ('event_id => (select id from other)', '{other,4}', 'a task has the operations that moved it, of all consumers'),
  ('''send_email'', (select id from other)', '{4}', 'or of one'),
  ('''send_push''', '{}', 'a consumer that there is not has none'),
  ('event_id => ''unknown''', '{}', 'nor has a task that there is not')
) v (arguments, reasons, description);

select throws_ok(
  format('select * from kanthorq_task_operations(max_operations => %s)', n),
  'KQ003', 'max_operations is ' || n,
  format('a page of %s is refused', n)
)
from unnest(array['0', '-1', 'null']) n;

select throws_ok(
  $$ select kanthorq_task_operations(action => 'Cancel') $$, 'KQ003', '''Cancel'' is not an action', 'so is a word that is no action'
);

rollback;
