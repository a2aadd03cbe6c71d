begin;

create temp table task as
select id, row_number() over (order by id) as n from test.tasks_in_bulk(test.consumer(), 'available', 120) id;

create temp table expectation (arguments text, found text, description text);

insert into expectation values
  ('oldest_first => false', 'n > 20', 'a page has 100 tasks, the newest'),
  ('max_tasks => 1', 'n = 120', 'or one, if told so'),
  ('max_tasks => 120', 'true', 'or as many as there are'),
  ('max_tasks => 2147483647', 'true', 'or all, as long as there are less than two thousand million'),
  ('after => (select id || ''0'' from task where n = 2)', 'n <= 2', 'the id to begin after need not be there'),
  ('after => (select id from task where n = 1)', 'false', 'there is nothing after the oldest'),
  ('oldest_first => true, after => (select id || ''0'' from task where n = 110)', 'n > 110', 'nor need it be there oldest first'),
  ('oldest_first => true, after => (select id from task where n = 120)', 'false', 'there is nothing after the newest, oldest first'),
  ('oldest_first => true, max_tasks => 120, after => ''''', 'true', 'an empty id is before all');

select plan(9 + 4);

select results_eq(
  format('select event_id from kanthorq_task_find(''send_email'', %s)', arguments),
  format('select id from task where %s order by n %s', found, case when arguments ~ 'oldest_first => true' then 'asc' else 'desc' end),
  description
)
from expectation;

select throws_ok(
  format('select kanthorq_task_find(''send_email'', max_tasks => %s)', bad),
  'KQ003', format('max_tasks is %s', bad),
  format('%s is no size of a page', bad)
)
from unnest(array['0', '-1', '-2147483648', 'null']) bad;

rollback;
