begin;

select plan(2);

create temp table consumer as
select * from kanthorq_consumer_register('event_log', 'send_email', '{>}');

create temp table event as
select kanthorq_stream_publish('event_log', 'order.created', 'body') as id;

select matches(
  (select cursor::text from consumer),
  '^event_[0-9a-hjkmnp-tv-z]{10}0{16}$',
  'the cursor has the form of an event id'
);

select results_eq(
  $$ select cursor < event.id from consumer, event $$,
  array[true],
  'events of the stream come after it'
);

select * from finish();

rollback;
