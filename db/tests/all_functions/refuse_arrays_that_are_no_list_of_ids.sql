-- Every function with the parameter `event_ids`.
begin;

-- A good id does not make up for a bad one: each transition would move one of these.
create temp table task as
select test.task(test.consumer(), from_state, attempt_count => 4) as id from test.transitions();

create temp table before as
select * from test.tasks('send_email');

create temp table refusal as
select c.*, v.message
from (values
  ('null', 'event_ids is null'),
  ('''{{a,b},{c,d}}''', 'event_ids has 2 dimensions'),
  ('array[''a'', ''b'', null, null]', 'event_ids[3] is null'),
  ('array[''a'', '''', ''b'', '''']', 'event_ids[2] is empty'),
  ('''[0:1]={a,NULL}''', 'event_ids[1] is null'),
  ('(select array_agg(id) || null::text from task)', 'event_ids[4] is null'),
  ('(select array_agg(id) || ''''::text from task)', 'event_ids[4] is empty')
) v (ids, message), test.calls(jsonb_build_object('event_ids', v.ids), '{"consumer": "''send_email''", "initial_state": "''pending''"}') c;

select plan(2 + (select count(*)::integer from refusal));

select set_has(
  'select name from refusal',
  $$ values ('kanthorq_task_cancel'), ('kanthorq_task_resume'), ('kanthorq_task_discard'), ('kanthorq_task_explain') $$,
  'there are such functions'
);

select throws_ok(call, 'KQ003', message, format('%s: the message names what is wrong first, %s', name, message)) from refusal;

select results_eq('select * from test.tasks(''send_email'')', 'select * from before', 'nothing has changed');

rollback;
