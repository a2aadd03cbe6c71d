begin;

select plan(2);

-- Half are tasks, half are not, in an order that is neither theirs nor the index's.
create temp table input as
select id, known, row_number() over (order by md5(id)) as position
from (
  select test.tasks_in_bulk(test.consumer(), 'discarded', 10000) as id, true as known
  union all
  select 'event_unknown_' || n, false from generate_series(1, 10000) n
) i;

create temp table result as
select updated, noop
from kanthorq_task_resume('send_email', (select array_agg(id order by position) from input));

select results_eq(
  $$ select cardinality(r.updated), cardinality(r.noop),
       r.updated = (select array_agg(id order by position) from input where known),
       r.noop = (select array_agg(id order by position) from input where not known)
     from result r $$,
  $$ values (10000, 10000, true, true) $$,
  'each of 20,000 ids is in its array, in the order of the input'
);

select results_eq(
  $$ select state, count(*) from test.tasks('send_email') group by state $$,
  $$ values ('running', 10000::bigint) $$,
  'all tasks are running'
);

select * from finish();

rollback;
