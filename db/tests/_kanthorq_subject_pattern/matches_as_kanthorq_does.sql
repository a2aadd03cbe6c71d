begin;

select plan(24);

-- The table of KanthorQ's own test. The helper is called as its owner.
create temp table kanthorqs (filter text, subject text, matches boolean);

insert into kanthorqs values
  ('', 'time.us.east', false),
  ('time.*.east', '', false),
  ('*', '', false),
  ('time.us.east', 'time.us.EAST', false),
  ('time.*.east', 'time.us.east', true),
  ('time.*.east', 'time.eu.east', true),
  ('time.*.east', 'time.NewYork.east', true),
  ('time.us.*', 'time.us.east', true),
  ('time.us.*', 'time.us.east.atlanta', false),
  ('time.>.east', 'time.us.east', false),
  ('time.us.>', 'time.us.east', true),
  ('time.us.>', 'time.us.east.atlanta', true),
  ('*.*.east.>', 'time.asia.east', false),
  ('*.*.east.>', 'time.us.east.atlanta', true),
  ('*.*.east.>', 'time.eu.east.london', true),
  ('time.*.east.*', 'time.us.west.any', false),
  ('time.us.*.east', 'time.us.any.east', true),
  ('time.*.east.*', 'time.us.east.any', true),
  ('time.us.east.>', 'time.us.east', false),
  ('time.us.east.>', 'time.us.east.newyork', true),
  ('time.us.east.>', 'time.us.west', false),
  ('time.*.east.>', 'time.us.east.atlanta', true),
  ('time.*.east.>', 'time.us.west', false),
  ('time.*.east.>', 'time.us.east', false);

select is(
  (select row ->> 'matches'
   from test.read(format('select %L ~ public._kanthorq_subject_pattern(%L) as matches', subject, filter)) row),
  matches::text,
  format('%L %s %L', filter, case when matches then 'matches' else 'does not match' end, subject)
)
from kanthorqs;

select * from finish();

rollback;
