begin;

select plan(36);

-- A wildcard in each, so that find makes a pattern of them too.
create temp table expectation (filter text, subject text, matches boolean);

insert into expectation values
  ('a-b.*', 'a-b.c', true),
  ('a-b.*', 'axb.c', false),
  ('a_b.*', 'a_b.c', true),
  ('a_b.*', 'axb.c', false),
  ('a.b.*', 'axb.c', false),
  ('a.*', 'axb', false),
  ('a+.*', 'aa.b', false),
  ('a?.*', '.b', false),
  ('(a).*', 'a.b', false),
  ('[a-z].*', 'a.b', false),
  ('a{2}.*', 'aa.b', false),
  ('a|b.*', 'a', false),
  ('a$.*', 'a.b', false),
  ('^a.*', 'a.b', false),
  ('\w.*', 'a.b', false),
  ('(?i)A.*', 'a.b', false),
  ('***=a.*', 'a.b', false),
  ('é.*', 'é.b', true),
  ('é.*', 'e.b', false),
  ('%.*', 'a.b', false);

select is(
  (select row ->> 'matches'
   from test.read(format('select %L ~ public._kanthorq_subject_pattern(%L) as matches', subject, filter)) row),
  matches::text,
  format('%L %s %L', filter, case when matches then 'matches' else 'does not match' end, subject)
)
from expectation;

select is(
  (select row ->> 'matches'
   from test.read(format('select %L ~ public._kanthorq_subject_pattern(%L) as matches', meta || '.b', meta || '.*')) row),
  'true',
  format('%L stands for itself', meta)
)
from unnest(array['a+', 'a?', '(a)', '[a-z]', 'a{2}', 'a|b', 'a$', '^a', '\w', '\', '(?i)A', '***=a', '%', '"', ' ', '''']) meta;

select * from finish();

rollback;
