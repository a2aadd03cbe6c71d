begin;

create temp table task as
select n, test.task(test.consumer(), (array['available', 'running'])[1 + n % 2]) as id from generate_series(1, 7) n;

-- As a caller does it: the last id of a page is where the next one begins, until one comes empty; ten pages are more than
-- enough. Two tasks come after each of the first pages.
create function pg_temp.pages(page_size integer, oldest_first boolean, states text[] default null, growing_pages integer default 0)
returns setof text[]
language plpgsql
as $$
declare
  v_page text[];
  v_after text;
begin
  for i in 1..10 loop
    select array_agg(t.event_id order by t.ordinality) into v_page
    from kanthorq_task_find(
      'send_email', states => pages.states, after => v_after, max_tasks => page_size, oldest_first => pages.oldest_first
    ) with ordinality t;
    exit when v_page is null;
    return next v_page;
    v_after := v_page[cardinality(v_page)];
    perform test.task('send_email', 'available') from generate_series(1, case when i <= growing_pages then 2 else 0 end);
  end loop;
end
$$;

select plan(15);

select results_eq(
  format('select pg_temp.pages(%s, %L, %L)', size, oldest_first, states),
  format(
    'select array_agg(id order by id %1$s) from (select id, row_number() over (order by id %1$s) - 1 as n from task where %3$s) t'
    ' group by n / %2$s order by n / %2$s',
    case when oldest_first then 'asc' else 'desc' end, size, case when states is null then 'true' else 'n % 2 = 1' end
  ),
  format('pages of %s, %s first, hold each task once, in %s', size, case when oldest_first then 'oldest' else 'newest' end, coalesce(states, 'any state'))
)
from generate_series(1, 3) size, unnest(array[false, true]) oldest_first, unnest(array[null, '{running}']) states;

select results_eq(
  'select unnest(pages) from pg_temp.pages(2, false, growing_pages => 3) pages',
  'select id from task order by id desc',
  'newest first, tasks that come meanwhile are not seen'
);

create temp table oldest as
select n, page from pg_temp.pages(3, true, growing_pages => 3) with ordinality p (page, n);

select results_eq(
  'select unnest(page) from oldest order by n',
  'select event_id from test.tasks(''send_email'') order by event_id',
  'oldest first, tasks that come meanwhile are seen too'
);

select is((select count(*) from kanthorq_task_find('send_email')), 19::bigint, 'they did come');

rollback;
