begin;

-- Events of the ids 1 to 8, of which KanthorQ has read the first seven. The seconds of their ids are 1 to 8, too.
create temp table consumer as
select * from kanthorq_consumer_register('orders', 'send_email', '{>}');

create temp table event as
select (row ->> 'n')::integer as n, row ->> 'id' as id, row ->> 'subject' as subject
from test.read($$
  select n, 'event_' || _kanthorq_crockford(n * 1000, 10) || repeat('0', 16) as id, subject
  from unnest(array['order.created', 'order.paid', 'order', 'other', 'order.paid', 'Order.paid', 'order.paid.v1', 'order.paid'])
    with ordinality s (subject, n) $$) row;

grant select on consumer, event to public;

select test.as_owner(format(
  'insert into public.kanthorq_%s select id, subject, '''', jsonb_build_object(''n'', n), n * 1000 from event', stream_id
))
from consumer;

select test.as_owner(format('update kanthorq_consumer_registry set cursor = %L', (select id from event where n = 7)));

-- The second has a task.
select kanthorq_task_convert('send_email', array(select id from event where n = 2));

create temp table expectation (includes text, excludes text, missed integer[]);

insert into expectation values
  ('{>}', '{}', '{1,3,4,5,6,7}'),
  ('{order.*}', '{}', '{1,5}'),
  ('{order.>}', '{}', '{1,5,7}'),
  ('{order.>}', '{order.paid}', '{1,7}'),
  ('{order.created,other}', '{}', '{1,4}'),
  ('{order.>,other}', '{order.*.v1,other}', '{1,5}'),
  -- KanthorQ compares as many excludes as there are includes.
  ('{order.>}', '{order.*.v1,order.paid}', '{1,5}'),
  -- Filters that match nothing, in KanthorQ.
  ('{>.paid,"",order.p*,.*}', '{}', '{}'),
  ('{}', '{}', '{}');

create function pg_temp.missed(expectation)
returns integer[]
language plpgsql
as $$
begin
  perform test.as_owner(
    format('update kanthorq_consumer_registry set subject_includes = %L, subject_excludes = %L', $1.includes, $1.excludes)
  );
  return array(select (metadata ->> 'n')::integer from kanthorq_event_missed('send_email', null));
end
$$;

select plan((select count(*)::integer from expectation) + 6);

select is(pg_temp.missed(e), e.missed, format('of includes %s, excludes %s', includes, excludes)) from expectation e;

select test.as_owner('update kanthorq_consumer_registry set subject_includes = ''{>}'', subject_excludes = ''{}''');

select results_eq(
  $$ select * from kanthorq_event_missed('send_email', to_timestamp(5)) $$,
  $$ select id, subject, jsonb_build_object('n', n), to_timestamp(n) from event where n between 5 and 7 order by n $$,
  'since leaves out the older ones; the rows are whole, oldest first'
);

select is_empty('select * from kanthorq_event_missed(''send_email'')', 'without since, those of the last day');

select is_empty(
  $$ select * from kanthorq_event_missed('send_email', '294276-12-31') $$, 'no event is of a time that no id can have'
);

select is(
  (select count(*) from kanthorq_event_missed('send_email', '4713-01-01 BC')), 6::bigint, 'all are later than the first of all times'
);

select set_eq(
  $$ select event_id from kanthorq_task_convert('send_email', array(select event_id from kanthorq_event_missed('send_email', null))) $$,
  'select id from event where n not in (2, 8)',
  'convert takes what it lists'
);

select is_empty('select * from kanthorq_event_missed(''send_email'', null)', 'nothing is missed any more');

select * from finish();

rollback;
