begin;

-- What KanthorQ's own test has is in filters/find_by_subject.sql. The helper is called as its owner.
create temp table expectation (filter text, subject text, matches boolean);

insert into expectation values
  ('', 'time.us.east', false),
  ('*', 'a', true),
  ('*', 'a.b', false),
  ('>', 'a', true),
  ('>', 'a.b.c', true),
  ('>', '', false),
  ('a.>', 'a', false),
  ('a.>', 'a.', false),
  ('a.>', 'a.b', true),
  ('a.>', 'ab', false),
  ('a.>', 'b.a.c', false),
  ('a.>', 'a.b.c.d', true),
  ('*.>', 'a', false),
  ('*.>', 'a.b', true),
  ('*.*', 'a.b', true),
  ('*.*', 'a', false),
  ('*.*', 'a.b.c', false),
  ('*.b', '.b', false),
  ('a.*', 'a-b', false),
  ('a.*', 'a.b-c_d', true),
  ('>.a', 'b.a', false),
  ('>.>', 'a.b', false),
  ('a.>.>', 'a.b.c', false),
  ('a*', 'ab', false),
  ('a*', 'a*', true),
  ('a.b*', 'a.bc', false),
  ('**', 'a', false),
  ('a>', 'ab', false),
  ('*>', 'a', false),
  ('A.*', 'a.b', false),
  ('a.*', 'a.B', true),
  -- All else stands for itself. A wildcard in each, so that find makes a pattern of them too.
  ('a-b.*', 'axb.c', false),
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
  ('é.*', 'e.b', false),
  ('%.*', 'a.b', false);

insert into expectation
select meta || '.*', meta || '.b', true
from unnest(array[
  'a-b', 'a_b', 'a+', 'a?', '(a)', '[a-z]', 'a{2}', 'a|b', 'a$', '^a', '\w', '\', '(?i)A', '***=a', '%', '"', ' ', '''', 'é'
]) meta;

-- A filter may be as long as a subject.
insert into expectation
select filter, replace(filter, '*', 'x') || more, more = ''
from unnest(array[repeat('*.', 127) || 'ab', repeat('a', 254) || '.*', repeat('a-', 127) || '.*']) filter, unnest(array['', '.x']) more;

select plan((select count(*)::integer from expectation));

select is(
  (select row ->> 'matches'
   from test.read(format('select %L ~ public._kanthorq_subject_pattern(%L) as matches', subject, filter)) row),
  matches::text,
  format('%L %s %L', filter, case when matches then 'matches' else 'does not match' end, subject)
)
from expectation;

rollback;
