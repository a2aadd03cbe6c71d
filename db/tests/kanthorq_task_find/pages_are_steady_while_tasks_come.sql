begin;

select plan(4);

create temp table task as
select test.task(test.consumer(), 'available') as id from generate_series(1, 7);

-- After each of the first three pages, two new tasks come; ten pages are more than enough.
create function pg_temp.seen(page_size integer, oldest_first boolean)
returns setof text
language plpgsql
as $$
declare
  v_page text[];
  v_after text;
begin
  for v_pages in 1..10 loop
    select array_agg(t.event_id order by t.ordinality) into v_page
    from kanthorq_task_find('send_email', after => v_after, max_tasks => page_size, oldest_first => seen.oldest_first)
      with ordinality t;
    exit when v_page is null;
    return query select unnest(v_page);
    v_after := v_page[cardinality(v_page)];
    if v_pages <= 3 then
      perform test.task('send_email', 'available') from generate_series(1, 2);
    end if;
  end loop;
end
$$;

create temp table newest as
select * from pg_temp.seen(2, false) with ordinality t (id, n);

select results_eq(
  'select id from newest order by n',
  'select id from task order by id desc',
  'newest first, those that were there are seen once, and those that came later are not'
);

select is(
  (select count(*) from kanthorq_task_find('send_email')), 13::bigint,
  'they did come'
);

create temp table oldest as
select * from pg_temp.seen(3, true) with ordinality t (id, n);

select results_eq(
  'select id from oldest order by n',
  'select event_id from test.tasks(''send_email'') order by event_id',
  'oldest first, all are seen once, those that came later too'
);

select is((select count(*) from oldest), 19::bigint, 'so many they are');

select * from finish();

rollback;
