begin;

select plan(30);

create temp table expectation (filter text, subject text, matches boolean);

insert into expectation values
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
  ('a.*', 'a.B', true);

select is(
  (select row ->> 'matches'
   from test.read(format('select %L ~ public._kanthorq_subject_pattern(%L) as matches', subject, filter)) row),
  matches::text,
  format('%L %s %L', filter, case when matches then 'matches' else 'does not match' end, subject)
)
from expectation;

select * from finish();

rollback;
