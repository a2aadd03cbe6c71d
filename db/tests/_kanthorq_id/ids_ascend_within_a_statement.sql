begin;

select plan(1);

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table event as
select n, kanthorq_stream_publish('event_log', 'order.created', 'body') as id from generate_series(1, 10000) n;

select results_eq(
  $$ select count(*), count(*) filter (where id > previous)
     from (select id, lag(id) over (order by n) as previous from event) e $$,
  $$ values (10000::bigint, 9999::bigint) $$,
  'each of 10,000 ids sorts after the one that was made before it'
);

select * from finish();

rollback;
