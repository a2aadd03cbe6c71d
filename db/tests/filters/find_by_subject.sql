begin;

-- The table of KanthorQ's own test, but for the empty filter, which is refused.
create temp table expectation (filter text, subject text, matches boolean);

insert into expectation values
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

create temp table task as
select subject, test.task(test.consumer(), 'available', subject => coalesce(nullif(subject, ''), 'none')) as id
from (select subject from expectation union select unnest(array['a-b', 'a_b', 'axb', 'a.b', 'a.b.c', 'A.b'])) s;

-- No event can be published without a subject.
select test.update('send_email', 'subject = ''''', id) from task where subject = '';

create function pg_temp.found(filter text)
returns text[]
language sql
as $$ select array_agg(t.subject order by t.subject collate "C") from kanthorq_task_find('send_email', subject => filter) t $$;

select plan(27);

select is(
  coalesce(subject = any (pg_temp.found(filter)), false), matches,
  format('%L %s %L', filter, case when matches then 'finds' else 'does not find' end, subject)
)
from expectation;

select results_eq(
  'select filter, pg_temp.found(filter) from expectation group by filter having bool_or(matches) order by filter collate "C"',
  $$ values
       ('*.*.east.>', array['time.eu.east.london', 'time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']),
       ('time.*.east', array['time.NewYork.east', 'time.asia.east', 'time.eu.east', 'time.us.east']),
       ('time.*.east.*', array['time.eu.east.london', 'time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']),
       ('time.*.east.>', array['time.eu.east.london', 'time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']),
       ('time.us.*', array['time.us.EAST', 'time.us.east', 'time.us.west']),
       ('time.us.*.east', array['time.us.any.east']),
       ('time.us.>', array['time.us.EAST', 'time.us.any.east', 'time.us.east', 'time.us.east.any', 'time.us.east.atlanta',
         'time.us.east.newyork', 'time.us.west', 'time.us.west.any']),
       ('time.us.east.>', array['time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']) $$,
  'each filter finds all that it matches and nothing else'
);

select is(pg_temp.found('time.us.east'), array['time.us.east'], 'so does one without a wildcard');

select results_eq(
  $$ select filter, pg_temp.found(filter) from unnest(array['A.b', 'a-b', 'a.b', 'a_b']) filter $$,
  $$ select filter, array[filter] from unnest(array['A.b', 'a-b', 'a.b', 'a_b']) filter $$,
  'without a wildcard, the subject has to be equal, upper and lower case included'
);

select is_empty(
  $$ select * from unnest(array[
       'a', 'a%', 'a.', '.*'::text, '(a.b)', 'a.b|axb', '^a.b$', 'a[.]b', 'a\.b', 'a''b', repeat('a', 256)
     ]) filter where pg_temp.found(filter) <> '{}' $$,
  'what means something to LIKE or to a regular expression means nothing here'
);

rollback;
