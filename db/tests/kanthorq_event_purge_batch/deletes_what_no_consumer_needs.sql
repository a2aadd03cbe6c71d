begin;

-- Two consumers of one stream. The second wants no mail, and has not read the last two events.
select test.consumer();

select kanthorq_consumer_register('send_email_stream', 'archive', '{>,y}', '{mail.>,x}');

create temp table event as
select what, kanthorq_stream_publish('send_email_stream', subject, '') as id
from unnest(
  array['done', 'unwanted', 'failed', 'cancelled', 'running', 'missed', 'missed too', 'purged', 'unread', 'new'],
  array['order.new', 'mail.new', 'order.new', 'order.new', 'order.new', 'order.new', 'order.new', 'order.new', 'order.new', 'order.new']
) with ordinality e (what, subject, n)
order by n;

create temp table made as
select m.*
from (values ('send_email'), ('archive')) c (name)
cross join lateral (select array_agg(id) as ids from event where what <> 'new' and (name = 'send_email' or what !~ 'unwanted|missed')) e
cross join lateral kanthorq_task_convert(c.name, e.ids, 'completed') m;

select test.update('archive', 'finalized_at = 5000');

select test.update('archive', format('state = public._kanthorq_task_state(%L)', state), id)
from event join (values ('failed', 'discarded'), ('cancelled', 'cancelled'), ('running', 'running')) v (what, state) using (what);

select plan(10);

-- Nobody has read anything yet.
select results_eq(
  'select purged, kept from kanthorq_event_purge_batch(''send_email_stream'', now() + interval ''1 s'', preview => true)',
  $$ values (0::bigint, '{"archive has not read it": 10}'::jsonb) $$,
  'what a consumer has not read stays'
);

select test.as_owner(format(
  $$ update kanthorq_consumer_registry set cursor = %L where name = 'archive';
     update kanthorq_consumer_registry set cursor = %L where name = 'send_email' $$,
  (select id from event where what = 'purged'), (select id from event where what = 'new')
));

create temp table preview as
select p.* from kanthorq_event_purge_batch('send_email_stream', now() + interval '1 s', preview => true) p;

select results_eq(
  'select purged, total, skipped, progress is null, bulk_id, kept from preview',
  $$ values (3::bigint, 3::bigint, 0::bigint, true, null::bigint,
    '{"archive has not read it": 2, "archive has missed it": 2, "archive has a task of it that is not completed": 3}'::jsonb) $$,
  'so does what it has missed, and what it has a task of that may still run'
);

select is(
  (select purged from kanthorq_event_purge_batch('send_email_stream', now() + interval '1 s', true, preview => true)),
  5::bigint, 'what it has missed goes only if that is said'
);

select is(
  (select purged from kanthorq_event_purge_batch('send_email_stream', '2020-01-01Z', preview => true)),
  0::bigint, 'what is younger stays'
);

select results_eq(
  $$ select sum(updated), max(total), max(n) > 3
     from test.batches('''send_email_stream'', now() + interval ''1 s'', batch_size => 2', call => 'kanthorq_event_purge_batch') $$,
  $$ values (3::numeric, 3::bigint, true) $$,
  'the rest goes, batch by batch'
);

select set_eq(
  $$ select what from event join test.read(format('select id from kanthorq_%s', (
       select r ->> 'id' from test.read('select id from kanthorq_stream_registry') r
     ))) e on e ->> 'id' = id $$,
  'select what from event where what not in (''done'', ''unwanted'', ''purged'')',
  'and nothing else'
);

select results_eq(
  'select action, tasks, from_states from kanthorq_task_operations(''send_email_stream'')',
  $$ values ('purge events', 3::bigint, '{}'::jsonb) $$,
  'the log has their number'
);

-- A task that was purged itself is no missed one.
select kanthorq_task_purge_batch('archive', now(), '{discarded}');

select results_eq(
  'select purged, kept from kanthorq_event_purge_batch(''send_email_stream'', now() + interval ''1 s'')',
  $$ values (1::bigint, null::jsonb) $$,
  'an event goes after its tasks'
);

select is(
  (select count(*) from kanthorq_task_operations(action => 'purge events')), 2::bigint, 'operations are found by this action'
);

select test.drop_task_table('archive');

select throws_like(
  'select kanthorq_event_purge_batch(''send_email_stream'', now())', 'the table % of consumer ''archive'' is gone',
  'it needs the tables of all consumers'
);

select * from finish();

rollback;
