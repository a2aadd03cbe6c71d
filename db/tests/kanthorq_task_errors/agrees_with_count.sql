begin;

-- 300 tasks in all states; three of four have failed, for five causes, at different times.
select test.consumer();

select test.as_owner(format($fill$
  insert into %s (event_id, subject, state, finalized_at, attempted_at, attempted_error, metadata, created_at)
  select
    'event_' || md5(n::text), (array['order.created', 'order.paid'])[1 + n %% 2], s.code, n %% 3 * 1000 * n, n * 500,
    case when n %% 4 > 0 then array[jsonb_build_object('error', 'old: 1'), jsonb_build_object(
      'at', n * 1000, 'error', (array['Refused', 'no route to', 'order', 'timeout after', 'bad'])[1 + n %% 5] || ' ' || n
    )] else '{}' end,
    jsonb_build_object('customer', n %% 7), 1000 + n
  from generate_series(1, 300) n
  join (select code, row_number() over (order by code) as i from public._kanthorq_task_states()) s on s.i = 1 + n / 4 %% 7
$fill$, test.task_table('send_email')));

-- Each filter, what kanthorq_task_errors says of it, and the tasks with an error that find shows.
create function pg_temp.result(filter text, out grouped jsonb, out failed jsonb, out wrong jsonb)
language plpgsql
as $$
begin
  execute format($q$
    select
      (select jsonb_build_array(sum(e.tasks), count(*), bool_or(e.cut)) from kanthorq_task_errors('send_email', %1$s) e),
      (select jsonb_build_array(count(*), count(distinct regexp_replace(f.last_error, '[0-9]+$', '')), false)
        from kanthorq_task_find('send_email', %1$s, max_tasks => 1000) f where f.last_error is not null),
      (select jsonb_agg(e)
        from kanthorq_task_errors('send_email', %1$s) e
        where e.tasks <> kanthorq_task_count('send_email', %1$s %2$s)
          or e.tasks <> (select sum(s.value::integer) from jsonb_each_text(e.by_state) s)
          or not exists (select from kanthorq_task_find('send_email', %1$s, max_tasks => 1000) f
            where f.event_id = e.sample_ids[1] and f.last_error = e.sample_error))
    $q$, filter, case when filter !~ 'fingerprint' then ', fingerprint => e.fingerprint' end
  )
  into grouped, failed, wrong;
end
$$;

create temp table result as
select filter, r.*
from unnest(array[
  'subject => null',
  'states => ''{discarded,retryable}''',
  'subject => ''*.paid'', error => ''RE''',
  'metadata => ''{"customer": 3}''',
  'fingerprint => ''no route to *''',
  'created_after => ''1970-01-01 00:00:01.1Z'', created_before => ''1970-01-01 00:00:01.2Z''',
  'finalized_after => ''1970-01-01 00:01:00Z'', finalized_before => ''1970-01-01 00:05:00Z'''
]) filter, pg_temp.result(filter) r;

select plan(7 + 7 + 4);

select is(grouped, failed, format('%s: tasks and causes are those of find', filter)) from result;

select is(wrong, null, format('%s: each cause has the tasks that count counts', filter)) from result;

select set_eq(
  $$ select e.fingerprint, e.tasks, e.first_failed_at >= to_timestamp(100) and e.last_failed_at < to_timestamp(200)
     from kanthorq_task_errors('send_email', since => to_timestamp(100), until => to_timestamp(200)) e $$,
  $$ values ('Refused *', 15::bigint, true), ('no route to *', 15, true), ('order *', 15, true), ('timeout after *', 15, true), ('bad *', 15, true) $$,
  'since and until go by the time of the failure, whatever the state'
);

select results_eq(
  $$ select sum(tasks), bool_and(cut) from kanthorq_task_errors('send_email', max_tasks => 100) $$,
  $$ values (100::numeric, true) $$,
  'max_tasks is the number of failures, and says that it left some out'
);

select set_eq(
  $$ select unnest(e.sample_ids) from kanthorq_task_errors('send_email', max_tasks => 3) e $$,
  $$ select f.event_id from kanthorq_task_find('send_email') f where f.last_error is not null limit 3 $$,
  'it takes the newest'
);

select results_eq(
  $$ select sum(tasks), bool_or(cut) from kanthorq_task_errors('send_email', states => '{discarded}', max_tasks => (
       select sum(tasks)::bigint from kanthorq_task_errors('send_email', states => '{discarded}'))) $$,
  $$ select sum(tasks), false from kanthorq_task_errors('send_email', states => '{discarded}') $$,
  'it says nothing where it leaves none out'
);

select * from finish();

rollback;
