begin;

select plan(16);

-- One of a hundred tasks is discarded.
create temp table consumer as
select test.consumer() as name;

create temp table task as
select id from test.tasks_in_bulk('send_email', 'completed', 100000) id;

do $$
begin
  perform test.as_owner(
    format(
      'update %1$s set state = public._kanthorq_task_state(''discarded'') where event_id like ''%%00''; analyze %1$s',
      test.task_table('send_email')
    )
  );
end
$$;

-- A copy of kanthorq_task_find that returns the plan of its statement instead of the rows, made from its own source so
-- that it can be no other statement. EXPLAIN wants a volatile function.
do $$
begin
  perform test.as_owner(
    regexp_replace(
      replace(
        replace(
          pg_get_functiondef('public.kanthorq_task_find'::regproc), 'public.kanthorq_task_find(', 'test.plan_of_task_find('
        ),
        'return query execute ', 'return query execute ''explain '' || '
      ),
      'RETURNS SETOF \S+(.*?) STABLE ', 'returns setof text\1 volatile '
    )
  );
end
$$;

create function pg_temp.scans(oldest_first boolean, page integer, states text[] default '{discarded}')
returns table (index_scan boolean, seq_scan boolean)
language sql
as $$
  select bool_or(line ~ 'Index (Only )?Scan'), bool_or(line ~ 'Seq Scan')
  from test.plan_of_task_find(
    'send_email', states => scans.states, oldest_first => scans.oldest_first,
    after => case when page = 2 then 'event_' || lpad('50000', 26, '0') end
  ) line
$$;

create function pg_temp.name_of(oldest_first boolean, page integer)
returns text
language sql
as $$ select format('page %s, %s first', page, case when oldest_first then 'oldest' else 'newest' end) $$;

select results_eq(
  format('select * from pg_temp.scans(%L, %s)', oldest_first, page),
  'values (true, false)',
  format('%s comes from an index', pg_temp.name_of(oldest_first, page))
)
from unnest(array[false, true]) oldest_first, generate_series(1, 2) page;

select results_eq(
  format('select * from pg_temp.scans(%L, %s, null)', oldest_first, page),
  'values (true, false)',
  format('%s of tasks in any state does too', pg_temp.name_of(oldest_first, page))
)
from unnest(array[false, true]) oldest_first, generate_series(1, 2) page;

-- So it is where KanthorQ, or we, made none but that of the key.
do $$
begin
  perform test.as_owner(format('drop index %s', indexrelid::regclass))
  from pg_index
  where indrelid = test.task_table('send_email') and not indisprimary;
end
$$;

select results_eq(
  $$ select indisprimary from pg_index where indrelid = test.task_table('send_email') $$,
  array[true],
  'now there is no other index than that of the key'
);

select results_eq(
  format('select * from pg_temp.scans(%L, %s)', oldest_first, page),
  'values (true, false)',
  format('without an index on the state, %s comes from the key''s', pg_temp.name_of(oldest_first, page))
)
from unnest(array[false, true]) oldest_first, generate_series(1, 2) page;

select results_eq(
  $$ select index_scan, seq_scan from pg_temp.scans(false, 1, null) $$,
  'values (true, false)',
  'so does the first page of tasks in any state'
);

select results_eq(
  $$ select event_id from kanthorq_task_find('send_email', '{discarded}', max_tasks => 2) $$,
  array['event_' || lpad('100000', 26, '0'), 'event_' || lpad('99900', 26, '0')],
  'the page is the right one'
);

select results_eq(
  $$ select count(*) from kanthorq_task_find('send_email', '{discarded}', max_tasks => 2000) $$,
  array[1000::bigint],
  'one of a hundred'
);

select * from finish();

rollback;
