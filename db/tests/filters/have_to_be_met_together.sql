begin;

-- The first meets every condition, each of the others all but one.
create temp table task as
select
  lacks,
  test.task(
    test.consumer(), case lacks when 'state' then 'running' else 'discarded' end,
    subject => case lacks when 'subject' then 'invoice.created' else 'order.created' end,
    attempted_error => array[jsonb_build_object(
      'error', case lacks when 'error' then 'got "no route"' when 'fingerprint' then 'timeout' else 'got "Timeout"' end
    )]
  ) as id
from unnest(
  array['nothing', 'state', 'subject', 'metadata', 'error', 'fingerprint', 'after', 'before', 'finished after', 'finished before']
) lacks;

select test.update(
  'send_email',
  format(
    'metadata = %L, created_at = %s, finalized_at = %s',
    case lacks when 'metadata' then '{"customer": "43"}' else '{"customer": "42"}' end,
    case lacks when 'after' then 1000 when 'before' then 3000 else 2000 end,
    case lacks when 'finished after' then 4000 when 'finished before' then 6000 else 5000 end
  ),
  id
)
from task;

create function pg_temp.found(leave_out text)
returns setof text
language sql
as $$
  select task.lacks
  from kanthorq_task_find(
    'send_email',
    states => case when leave_out <> 'state' then '{discarded,cancelled}'::text[] end,
    subject => case when leave_out <> 'subject' then 'order.*' end,
    metadata => case when leave_out <> 'metadata' then '{"customer": "42"}'::jsonb end,
    error => case when leave_out <> 'error' then 'timeout' end,
    created_after => case when leave_out <> 'after' then to_timestamp(2) end,
    fingerprint => case when leave_out <> 'fingerprint' then 'got *' end,
    created_before => case when leave_out <> 'before' then to_timestamp(3) end,
    finalized_after => case when leave_out <> 'finished after' then to_timestamp(5) end,
    finalized_before => case when leave_out <> 'finished before' then to_timestamp(6) end,
    oldest_first => true
  ) t
  join task on task.id = t.event_id
$$;

select plan(11);

select results_eq($$ select pg_temp.found('nothing') $$, array['nothing'], 'a task has to meet all conditions');

select results_eq(
  format('select pg_temp.found(%L)', lacks),
  array['nothing', lacks],
  format('each of them counts: without %s there is one more', lacks)
)
from task where lacks <> 'nothing';

select results_eq(
  $$ select t.event_id
     from kanthorq_task_find(
       'send_email', states => '{discarded}', subject => 'order.>', after => (select max(id) from task), max_tasks => 2) t $$,
  $$ select id from task where lacks in ('before', 'finished after') order by id desc $$,
  'a page goes on within what the filter matches'
);

rollback;
