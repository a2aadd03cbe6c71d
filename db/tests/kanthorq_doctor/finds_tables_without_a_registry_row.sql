begin;

select plan(2);

create temp table consumer as
select test.consumer(name) as name from unnest(array['send_email', 'send_sms']) name;

create temp table nobodys as
select relname::text collate "default" as table_name from pg_class where oid = test.task_table('send_email');

-- Forgets a consumer and a stream. Tables with other names are none of ours.
select test.as_owner($sql$
  delete from kanthorq_consumer_registry where name = 'send_email';
  create table public.kanthorq_stream_0123456789abcdefghjkmnpqrs (id text);
  create table public.kanthorq_consumer_report (id text);
  create table public.kanthorq_consumer_0123456789abcdefghjkmnpqrs_old (id text);
  create view public.kanthorq_consumer_0123456789abcdefghjkmnpqrs as select 1;
$sql$);

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select 'table is not registered', 'warning',
       format('table public.%s belongs to no consumer of the registry', table_name),
       format('-- put the registry row back, or, if nobody needs the rows: drop table public.%s', table_name)
     from nobodys
     union all
     values ('table is not registered', 'warning',
       'table public.kanthorq_stream_0123456789abcdefghjkmnpqrs belongs to no stream of the registry',
       '-- put the registry row back, or, if nobody needs the rows: drop table public.kanthorq_stream_0123456789abcdefghjkmnpqrs') $$,
  'tables of forgotten consumers and streams are found, and a person has to decide'
);

select test.as_owner(regexp_replace(fix, '^-- .*: ', '')) from kanthorq_doctor();

select is_empty($$ select * from kanthorq_doctor() $$, 'dropped, they are gone');

rollback;
