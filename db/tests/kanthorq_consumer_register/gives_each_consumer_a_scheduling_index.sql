begin;

select plan(1);

create temp table consumer as
select name from unnest(array['send_email', 'send_sms', 'send_push']) n, test.consumer(n) name;

select results_eq(
  $$ select c.name, substring(pg_get_indexdef(i.indexrelid) from 'USING .*')
     from consumer c join pg_index i on i.indrelid = test.task_table(c.name) and not i.indisprimary
     order by c.name $$,
  $$ values
       ('send_email', 'USING btree (state, schedule_at, event_id)'),
       ('send_push', 'USING btree (state, schedule_at, event_id)'),
       ('send_sms', 'USING btree (state, schedule_at, event_id)') $$,
  'each table has an index of its own on what the pullers look for, not only the first'
);

select * from finish();

rollback;
