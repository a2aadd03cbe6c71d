begin;

select plan(13);

select throws_ok(format('select kanthorq_consumer_register(''event_log'', %L, ''{>}'')', v.name), 'KQ003', v.message, v.description)
from (values
  ('_event', $$'_event' is not a consumer name$$, 'an underscore in front is refused'),
  ('event_', $$'event_' is not a consumer name$$, 'an underscore at the end is refused'),
  ('event__log', $$'event__log' is not a consumer name$$, 'two underscores in a row are refused'),
  ('event-log', $$'event-log' is not a consumer name$$, 'a hyphen is refused'),
  ('event.log', $$'event.log' is not a consumer name$$, 'a dot is refused'),
  ('event log', $$'event log' is not a consumer name$$, 'a blank is refused'),
  (e'event\n', e'\'event\n\' is not a consumer name', 'a newline at the end is refused'),
  (e'event\nlog', e'\'event\nlog\' is not a consumer name', 'a newline within is refused'),
  ('événement', $$'événement' is not a consumer name$$, 'a letter outside ASCII is refused'),
  ('event٣', $$'event٣' is not a consumer name$$, 'a digit outside ASCII is refused'),
  ('', $$'' is not a consumer name$$, 'the empty name is refused'),
  (repeat('n', 257), 'the consumer name has 257 characters', 'a name of 257 characters is refused'),
  (null, 'the consumer name is null', 'a null name is refused')
) v (name, message, description);

select * from finish();

rollback;
