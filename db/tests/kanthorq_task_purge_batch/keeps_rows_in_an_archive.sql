begin;

create temp table task as
select test.task(test.consumer(), 'completed', finalized_at => 5000) as id from generate_series(1, 2);

create temp table stream as
select r ->> 'id' as id from test.read('select id from kanthorq_stream_registry') r;

select test.as_owner('update kanthorq_consumer_registry set cursor = ''event_zzz''');

select test.as_owner(format($$
  create schema "Old";
  create table public.archive (like %1$s);
  create table "Old"."Events" (like public.%2$I including all);
  create table public.short (like %1$s);
  alter table public.short drop column metadata;
  create table public.other (like %1$s);
  alter table public.other alter column event_id type bigint using 0;
  alter table %1$s add column extra text;
  create table public.old (like public.archive);
  alter table public.archive add column extra text;
  create unlogged table public.unlogged (like %1$s);
  create view public.seen as select * from %1$s;
  create table public.given (like %1$s);
  alter table public.given owner to pg_monitor
$$, test.task_table('send_email'), 'kanthorq_' || id))
from stream;

create temp table refusal as
select * from (values
  ('gone', 'does not exist'),
  ('', 'does not exist'),
  ('Old.events', 'does not exist'),
  ('short', 'has no column metadata of type jsonb'),
  ('other', 'has no column event_id of type character varying'),
  ('old', 'has no column ''extra'' of the same type'),
  ('unlogged', 'loses its rows in a crash or with the session'),
  ('seen', 'is no table'),
  ('given', format('belongs to the role pg_monitor, the functions to %I', (select r ->> 'name' from test.read('select current_user as name') r))),
  ('public.kanthorq_consumer_registry', 'has no column event_id of type character varying'),
  ('kanthorq_task_operation', 'is in use by KanthorQ')
) v (archive, fault)
union all
select test.task_table('send_email')::text, 'is in use by KanthorQ';

select plan(4 + (select count(*)::integer from refusal));

select throws_ok(
  format($$ select kanthorq_task_purge_batch('send_email', now(), archive => %L) $$, archive),
  'KQ003', format('the archive %s %s', quote_literal(archive), fault),
  format('the archive %s is refused', archive)
)
from refusal;

select is(
  (select r.purged from kanthorq_task_purge_batch('send_email', now(), archive => 'archive') r), 2::bigint, 'tasks go into the archive'
);

select results_eq(
  $$ select r ->> 'event_id', r ->> 'finalized_at' from test.read('select * from archive order by event_id') r $$,
  $$ select id, '5000' from task order by id $$,
  'as they were'
);

select is(
  (select r.purged from kanthorq_event_purge_batch('send_email_stream', now() + interval '1 s', archive => 'Old.Events') r),
  2::bigint, 'so do events, also in another schema'
);

select results_eq(
  $$ select r ->> 'id', r ->> 'subject' from test.read('select * from "Old"."Events" order by id') r $$,
  $$ select id, 'order.created' from task order by id $$,
  'as they were'
);

select * from finish();

rollback;
