begin;

-- That it takes a second, and not hours, also where memory is short.
set local work_mem to '64kB';
set local statement_timeout to '2min';

select plan(2);

-- Half are tasks, half are not, in an order that is neither theirs nor the index's.
create temp table input as
select id, known, row_number() over (order by md5(id)) as position
from (
  select test.tasks_in_bulk(test.consumer(), 'available', 50000) as id, true as known
  union all
  select 'event_unknown_' || n, false from generate_series(1, 50000) n
) i;

create temp table result as
select updated, noop
from kanthorq_task_cancel('send_email', (select array_agg(id order by position) from input));

select results_eq(
  $$ select cardinality(r.updated), cardinality(r.noop),
       r.updated = (select array_agg(id order by position) from input where known),
       r.noop = (select array_agg(id order by position) from input where not known)
     from result r $$,
  $$ values (50000, 50000, true, true) $$,
  'each of 100,000 ids is in its array, in the order of the input'
);

select results_eq(
  $$ select state, count(*) from test.tasks('send_email') group by state $$,
  $$ values ('cancelled', 50000::bigint) $$,
  'all tasks are cancelled'
);

select * from finish();

rollback;
