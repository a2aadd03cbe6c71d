-- Names of streams and of consumers follow the same rules.
begin;

create temp table call (kind text, call text);

insert into call values
  ('stream', 'kanthorq_stream_register(%L)'),
  ('consumer', 'kanthorq_consumer_register(''event_log'', %L, ''{>}'')'),
  ('stream', 'kanthorq_consumer_register(%L, ''send_email'', ''{>}'')');

create temp table bad (name text, description text);

insert into bad values
  ('_event', 'an underscore in front'),
  ('event_', 'an underscore at the end'),
  ('event__log', 'two underscores in a row'),
  ('event-log', 'a hyphen'),
  ('event.log', 'a dot'),
  ('event log', 'a blank'),
  (e'event\n', 'a newline at the end'),
  (e'event\nlog', 'a newline within'),
  (test.char(x'e9'::int) || 'v', 'a letter outside ASCII'),
  ('event' || test.char(x'663'::int, ' '), 'a digit outside ASCII'),
  ('', 'the empty name'),
  (repeat('n', 257), 'a name of 257 characters'),
  (null, 'a null name');

select plan(2 + 3 * 13);

select throws_ok(
  format('select ' || call, name),
  'KQ003',
  case
    when name is null then format('the %s name is null', kind)
    when length(name) > 256 then format('the %s name has 257 characters', kind)
    else format('''%s'' is not a %s name', replace(name, e'\n', '{000a}'), kind)
  end,
  format('%s refuses %s', call, description)
)
from call, bad;

select results_eq(
  format($$
    select r.name::text, r.id ~ '^%s_[0-9a-hjkmnp-tv-z]{26}$'
    from unnest(array['event', 'event_log', 'EVENT1', '1', 'a_b_c', repeat('n', 256)]) with ordinality i (name, n), %s r
    order by n $$, kind, replace(call, '%L', 'i.name')
  ),
  $$ values ('event', true), ('event_log', true), ('EVENT1', true), ('1', true), ('a_b_c', true), (repeat('n', 256), true) $$,
  format('letters, digits and single underscores between them make the name of a %s, up to 256 characters', kind)
)
from call where call not like 'kanthorq_consumer_register(\%L%';

rollback;
