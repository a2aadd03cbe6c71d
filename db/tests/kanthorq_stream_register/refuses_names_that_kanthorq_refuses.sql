begin;

select plan(13);

select throws_ok(format('select kanthorq_stream_register(%L)', v.name), 'KQ003', v.message, v.description)
from (values
  ('_event', $$'_event' is not a stream name$$, 'an underscore in front is refused'),
  ('event_', $$'event_' is not a stream name$$, 'an underscore at the end is refused'),
  ('event__log', $$'event__log' is not a stream name$$, 'two underscores in a row are refused'),
  ('event-log', $$'event-log' is not a stream name$$, 'a hyphen is refused'),
  ('event.log', $$'event.log' is not a stream name$$, 'a dot is refused'),
  ('event log', $$'event log' is not a stream name$$, 'a blank is refused'),
  (e'event\n', e'\'event\n\' is not a stream name', 'a newline at the end is refused'),
  (e'event\nlog', e'\'event\nlog\' is not a stream name', 'a newline within is refused'),
  ('événement', $$'événement' is not a stream name$$, 'a letter outside ASCII is refused'),
  ('event٣', $$'event٣' is not a stream name$$, 'a digit outside ASCII is refused'),
  ('', $$'' is not a stream name$$, 'the empty name is refused'),
  (repeat('n', 257), 'the stream name has 257 characters', 'a name of 257 characters is refused'),
  (null, 'the stream name is null', 'a null name is refused')
) v (name, message, description);

select * from finish();

rollback;
