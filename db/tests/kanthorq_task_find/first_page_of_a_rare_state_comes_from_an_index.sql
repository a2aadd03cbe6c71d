begin;

create temp table consumer as
select test.consumer() as name;

-- One of a hundred tasks is discarded.
create temp table task as
select id from test.tasks_in_bulk('send_email', 'completed', 100000) id;

select test.update('send_email', 'state = public._kanthorq_task_state(''discarded'')', id) from task where id like '%00';

select test.as_owner(format('analyze %s', test.task_table('send_email')));

-- A copy of kanthorq_task_find that returns the plan of its statement instead of the rows, made from its own source so
-- that it can be no other statement. EXPLAIN wants a volatile function.
select test.as_owner(
  regexp_replace(
    replace(
      replace(pg_get_functiondef('public.kanthorq_task_find'::regproc), 'public.kanthorq_task_find(', 'test.plan_of_task_find('),
      'return query execute ', 'return query execute ''explain '' || '
    ),
    'RETURNS SETOF \S+(.*?) STABLE ', 'returns setof text\1 volatile '
  )
);

create temp table page as
select format('page %s, %s first', page, case when oldest_first then 'oldest' else 'newest' end) as name, format(
  'oldest_first => %L, after => %L', oldest_first, case when page = 2 then 'event_' || lpad('50000', 26, '0') end
) as arguments
from unnest(array[false, true]) oldest_first, generate_series(1, 2) page;

create function pg_temp.scans(arguments text)
returns text[]
language plpgsql
as $$
declare
  v_scans text[];
begin
  execute format(
    'select array_agg(distinct substring(line from ''(Index|Seq|Bitmap).* Scan'')) filter (where line ~ '' Scan'')'
    ' from test.plan_of_task_find(''send_email'', %s) line', arguments
  )
  into v_scans;
  return v_scans;
end
$$;

select plan(17);

select is(pg_temp.scans('states => ''{discarded}'', ' || arguments), array['Index'], name || ' comes from an index') from page;

select is_empty(
  $$ select line from test.plan_of_task_find('send_email') line where line ~ 'Filter|kanthorq_task_matches' $$,
  'a filter that names nothing tests nothing'
);

select results_eq(
  $$ select substring(line from 'Filter: .*') from test.plan_of_task_find('send_email', finalized_after => to_timestamp(1)) line
     where line ~ 'Filter|kanthorq_task_matches' $$,
  array['Filter: (finalized_at >= ''1000''::bigint)'],
  'one that names a part tests that part alone'
);

select is(pg_temp.scans(arguments), array['Index'], name || ' of tasks in any state does too') from page;

-- So it is where KanthorQ, or we, made none but that of the key.
select test.drop_scheduling_index('send_email');

select is(
  pg_temp.scans('states => ''{discarded}'', ' || arguments), array['Index'],
  format('without an index on the state, %s comes from the key''s', name)
)
from page;

select is(pg_temp.scans('states => null'), array['Index'], 'so does the first page of tasks in any state');

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', '{discarded}', max_tasks => 2) $$,
  array['event_' || lpad('100000', 26, '0'), 'event_' || lpad('99900', 26, '0')],
  'the page is the right one'
);

select is(
  (select count(*) from kanthorq_task_find('send_email', '{discarded}', max_tasks => 2000)), 1000::bigint, 'one of a hundred'
);

rollback;
