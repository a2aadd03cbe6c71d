begin;

select plan(4);

create temp table task as
select n, test.task(test.consumer(), 'available') as id from generate_series(1, 3) n;

create temp table stuck as
select test.task('send_email', 'running', attempt_count => 9) as id;

create temp table start as
select clock_timestamp() as at;

do $$
declare
  v_ids text[] := (select array_agg(id) from task);
begin
  perform kanthorq_task_cancel('send_email', v_ids, 'a');
  perform kanthorq_task_resume('send_email', v_ids, 'b');
  perform kanthorq_task_discard('send_email', (select array_agg(id) from stuck), 'c');
  perform kanthorq_task_batch('resume', 'send_email', '{discarded}', reason => 'd');
  perform kanthorq_task_undo(max(o.id), 'e') from kanthorq_task_operations() o;
end
$$;

create temp table operation as
select * from kanthorq_task_operations();

select results_eq(
  $$ select action, reason, tasks, from_states, undoes from operation order by id $$,
  $$ values
       ('cancel', 'a', 3::bigint, '{"available": 3}'::jsonb, null::bigint), ('resume', 'b', 3, '{"cancelled": 3}', null),
       ('discard', 'c', 1, '{"running": 1}', null), ('resume', 'd', 1, '{"discarded": 1}', null),
       ('undo', 'e', 1, '{"running": 1}', (select id from operation where reason = 'd')) $$,
  'each call that changed something is there, once'
);

select results_eq(
  $$ select o.at, o.at between date_trunc('milliseconds', start.at) and clock_timestamp(), transaction_id
     from operation o, start where reason = 'b' $$,
  $$ select distinct to_timestamp(updated_at / 1000.0), true, pg_current_xact_id()
     from test.tasks('send_email') join task on id = event_id $$,
  'with the transaction, and the time of the call, which its tasks have as updated_at'
);

do $$
declare
  v_ids text[] := (select array_agg(id) from task);
begin
  perform kanthorq_task_cancel('send_email', v_ids || 'unknown'::text);
  perform kanthorq_task_cancel('send_email', '{}');
  perform kanthorq_task_resume('send_email', v_ids);
  perform kanthorq_task_discard('send_email', v_ids);
  perform kanthorq_task_batch('cancel', 'send_email', '{pending}');
  perform kanthorq_task_undo(min(id)) from operation;
end
$$;

select results_eq(
  'select id from kanthorq_task_operations()',
  'select id from operation',
  'those that changed nothing are not'
);

select results_eq(
  'select id from operation',
  'select id from operation order by id desc',
  'the newest comes first'
);

rollback;
