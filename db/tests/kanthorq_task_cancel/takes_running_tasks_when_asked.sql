begin;

create temp table task as
select s.state, test.task(test.consumer(), s.state, attempt_count => 1, schedule_at => 4102444800000) as id
from unnest(array['completed', 'pending', 'running']) s (state);

-- What a task becomes, in every way to ask for it.
create function pg_temp.look()
returns text
language sql
as $$ select string_agg(t.state || ' ' || s.state, ', ' order by t.state) from task t join test.tasks('send_email') s on s.event_id = t.id $$;

select plan(13);

select results_eq(
  $$ select t.state, e.can_cancel from task t, kanthorq_task_explain('send_email', array[t.id], running => true) e order by 1 $$,
  $$ values ('completed', false), ('pending', true), ('running', true) $$,
  'explain says so'
);

select results_eq(
  $$ select matching, by_state, left_out from kanthorq_task_preview('cancel', 'send_email', running => true) $$,
  $$ values (2::bigint, '{"pending": 1, "running": 1}'::jsonb, '{"completed": 1}'::jsonb) $$,
  'preview says so'
);

select results_eq(
  $$ select updated from kanthorq_task_batch('cancel', 'send_email', states => '{running}', running => true) $$,
  array[1::bigint],
  'a batch takes the states that are named'
);

select is(pg_temp.look(), 'completed completed, pending pending, running cancelled', 'and no others');

select results_eq(
  $$ select array_length(updated, 1) from kanthorq_task_undo((select max(id) from kanthorq_task_operations())) $$, array[1], 'it can be undone'
);

select is(
  (select array_agg(array[s.state, s.schedule_at::text, s.attempt_count::text]) from task t join test.tasks('send_email') s on s.event_id = t.id where t.state = 'running'),
  array[array['running', '4102444800000', '1']],
  'then its worker still holds it'
);

select results_eq(
  $$ select (kanthorq_task_extend('send_email', array[id], '{1}')).updated from task where state = 'running' $$,
  $$ select array[id] from task where state = 'running' $$,
  'and can extend it'
);

select results_eq(
  $$ select (select array_agg(t.state order by t.state) from task t where t.id = any (updated)), cardinality(noop)
     from kanthorq_task_cancel('send_email', (select array_agg(id) from task), running => true) $$,
  $$ values (array['pending', 'running'], 1) $$,
  'cancel takes them'
);

select is(pg_temp.look(), 'completed completed, pending cancelled, running cancelled', 'running tasks are cancelled like others');

select results_eq(
  format(
    $$ select updated, noop from kanthorq_task_%s('send_email', array[%L], attempts => '{1}'%s) $$,
    report, (select id from task where state = 'running'), case report when 'fail' then $$, errors => '{smtp}'$$ else '' end
  ),
  $$ select '{}'::text[], array[id] from task where state = 'running' $$,
  format('their worker learns it: its %s is a no-op', report)
)
from unnest(array['complete', 'fail', 'extend']) report;

select throws_ok(
  $$ select kanthorq_task_batch('discard', 'send_email', everything => true, running => true) $$, 'KQ003', 'discard takes no running',
  'only cancel can be asked for'
);

select * from finish();

rollback;
