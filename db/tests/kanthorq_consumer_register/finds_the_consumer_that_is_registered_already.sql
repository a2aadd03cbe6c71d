begin;

select plan(2);

create temp table task as
select test.task(test.consumer(attempt_max => 3), 'available') as id;

create temp table first as
select test.read('select * from public.kanthorq_consumer_registry') as row;

select results_eq(
  $$ select to_jsonb(r) - 'updated_at'
     from kanthorq_consumer_register('send_email_stream', 'send_email', '{user.>}', '{user.x}', 9, 9000) r $$,
  $$ select row - 'updated_at' from first $$,
  'registering a name again returns the same consumer, as it was registered first'
);

select results_eq(
  $$ select event_id from test.tasks('send_email') $$,
  $$ select id from task $$,
  'its tasks are still there'
);

select * from finish();

rollback;
