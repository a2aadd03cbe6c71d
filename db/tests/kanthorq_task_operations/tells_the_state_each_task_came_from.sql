begin;

select plan(4);

create temp table task as
select i, state, test.task(test.consumer(), state, attempt_count => 9) as id
from generate_series(1, 4) i,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

do $$
declare
  -- In an order that is not that of the ids.
  v_ids text[] := (select array_agg(id order by md5(id)) from task);
begin
  perform kanthorq_task_resume('send_email', v_ids);
  perform kanthorq_task_discard('send_email', array(select id from task where state = 'running'));
  perform kanthorq_task_cancel('send_email', v_ids);
end
$$;

-- As the table has it: two arrays, in the same order.
create temp table entry as
select o.action, e.id, s.name as from_state
from (
  select r ->> 'action' as action, array(select jsonb_array_elements_text(r -> 'event_ids')) as ids,
    array(select e::integer from jsonb_array_elements_text(r -> 'from_state') e) as codes
  from test.read('select * from kanthorq_task_operation') r
) o, unnest(o.ids, o.codes) e (id, code), jsonb_to_recordset((
  select jsonb_agg(r) from test.read('select * from _kanthorq_task_states()') r
)) s (name text, code integer)
where s.code = e.code;

select results_eq(
  $$ select action, id, from_state from entry order by action, id $$,
  $$ select
       case when state in ('discarded', 'cancelled') then 'resume' when state = 'running' then 'discard' else 'cancel' end,
       id, state
     from task where state <> 'completed' order by 1, 2 $$,
  'each task is beside the state that it was in'
);

select results_eq(
  $$ select action, from_states from kanthorq_task_operations() order by action $$,
  $$ values
       ('cancel', '{"pending": 4, "available": 4, "retryable": 4}'::jsonb), ('discard', '{"running": 4}'),
       ('resume', '{"cancelled": 4, "discarded": 4}') $$,
  'the states are summed up'
);

select results_eq(
  $$ select action, tasks, cardinality(event_ids) from kanthorq_task_operations() order by action $$,
  $$ values ('cancel', 12, 12), ('discard', 4, 4), ('resume', 8, 8) $$,
  'the tasks are counted'
);

select results_eq(
  $$ select o.action, array(select unnest(o.event_ids) order by 1) from kanthorq_task_operations() o order by action $$,
  $$ select action, array_agg(id order by id) from entry group by action order by action $$,
  'and named'
);

select * from finish();

rollback;
