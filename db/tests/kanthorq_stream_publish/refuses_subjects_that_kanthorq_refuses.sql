begin;

select plan(15);

create temp table stream as
select * from kanthorq_stream_register('event_log');

select throws_ok(
  format('select kanthorq_stream_publish(''event_log'', %L, ''body'')', v.subject), 'KQ003', v.message, v.description
)
from (values
  ('$event.log', $$'$event.log' is not a subject$$, 'a dollar sign is refused'),
  ('event.log+1', $$'event.log+1' is not a subject$$, 'a plus sign is refused'),
  ('_event', $$'_event' is not a subject$$, 'an underscore in front is refused'),
  ('event_', $$'event_' is not a subject$$, 'an underscore at the end is refused'),
  ('event._log', $$'event._log' is not a subject$$, 'a dot and an underscore in a row are refused'),
  ('event..log', $$'event..log' is not a subject$$, 'an empty token is refused'),
  ('.event', $$'.event' is not a subject$$, 'a dot in front is refused'),
  ('event.log.', $$'event.log.' is not a subject$$, 'a dot at the end is refused'),
  ('order.>', $$'order.>' is not a subject$$, 'a filter is no subject'),
  ('event log', $$'event log' is not a subject$$, 'a blank is refused'),
  (e'event\n', e'\'event\n\' is not a subject', 'a newline at the end is refused'),
  ('événement', $$'événement' is not a subject$$, 'a letter outside ASCII is refused'),
  ('', $$'' is not a subject$$, 'the empty subject is refused'),
  (repeat('s', 257), 'subject has 257 characters', '257 characters are refused'),
  (null, 'subject is null', 'a null subject is refused')
) v (subject, message, description);

select * from finish();

rollback;
