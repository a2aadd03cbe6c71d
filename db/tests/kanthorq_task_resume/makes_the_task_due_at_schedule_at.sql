begin;

select plan(3);

create temp table task as
select n, test.task(test.consumer(), 'discarded') as id from generate_series(1, 2) n;

create temp table before as
select floor(extract(epoch from clock_timestamp()) * 1000) as at;

select results_eq(
  $$ select updated
     from kanthorq_task_resume(
       'send_email', (select array[id] from task where n = 1), schedule_at => '2100-01-01 02:00:00.1239+02') $$,
  $$ select array[id] from task where n = 1 $$,
  'a time in the future may be given'
);

select results_eq(
  $$ select updated
     from kanthorq_task_resume(
       'send_email', (select array[id] from task where n = 2), null, timestamptz '2001-09-09 01:46:40+00') $$,
  $$ select array[id] from task where n = 2 $$,
  'so may one in the past'
);

select results_eq(
  $$ select t.schedule_at, t.updated_at between b.at and extract(epoch from clock_timestamp()) * 1000
     from test.tasks('send_email') t, before b order by t.event_id $$,
  $$ values (4102444800123, true), (1000000000000, true) $$,
  'schedule_at is that time in whole milliseconds, and updated_at is now all the same'
);

select * from finish();

rollback;
