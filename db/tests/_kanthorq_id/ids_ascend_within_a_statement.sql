begin;

select plan(1);

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table event as
select n, kanthorq_stream_publish('event_log', 'order.created', 'body') as id from generate_series(1, 2000) n;

select results_eq(
  $$ select count(*), count(*) filter (where id > previous)
     from (select id, lag(id) over (order by n) as previous from event) e $$,
  $$ values (2000::bigint, 1999::bigint) $$,
  'each of 2,000 ids sorts after the one that was made before it'
);

rollback;
