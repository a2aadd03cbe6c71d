begin;

-- Subjects that the filter matches, and some that it does not.
create temp table expectation (filter text, matches text[], others text[]);

-- The table of KanthorQ's own test, but for the empty filter, which is refused.
insert into expectation values
  ('time.us.east', '{time.us.east}', '{time.us.EAST}'),
  ('time.us.*', '{time.us.east}', '{time.us.east.atlanta}'),
  ('time.us.>', '{time.us.east,time.us.east.atlanta}', '{}'),
  ('time.*.east', '{time.us.east,time.eu.east,time.NewYork.east}', '{""}'),
  ('time.>.east', '{}', '{time.us.east}'),
  ('time.us.*.east', '{time.us.any.east}', '{}'),
  ('time.*.east.*', '{time.us.east.any}', '{time.us.west.any}'),
  ('time.us.east.>', '{time.us.east.newyork}', '{time.us.east,time.us.west}'),
  ('time.*.east.>', '{time.us.east.atlanta}', '{time.us.west,time.us.east}'),
  ('*.*.east.>', '{time.us.east.atlanta,time.eu.east.london}', '{time.asia.east}');

insert into expectation values
  ('*', '{a}', '{a.b,""}'),
  ('>', '{a,a.b.c}', '{""}'),
  ('a.>', '{a.b,a.b.c.d}', '{a,a.,ab,b.a.c}'),
  ('*.>', '{a.b}', '{a}'),
  ('*.*', '{a.b}', '{a,a.b.c}'),
  ('*.b', '{}', '{.b}'),
  ('a.*', '{a.b-c_d,a.B}', '{a-b,axb}'),
  ('A.*', '{}', '{a.b}'),
  -- A > in the middle matches nothing, nor does a wildcard that is only part of a token.
  ('>.a', '{}', '{b.a}'),
  ('>.>', '{}', '{a.b}'),
  ('a.>.>', '{}', '{a.b.c}'),
  ('a*', '{a*}', '{ab}'),
  ('a.b*', '{}', '{a.bc}'),
  ('**', '{}', '{a}'),
  ('a>', '{}', '{ab}'),
  ('*>', '{}', '{a}');

-- All else stands for itself, whether a wildcard makes a pattern of the filter or not.
insert into expectation
select filter, array[regexp_replace(filter, '[*]$', 'b')], string_to_array(others, ' ')
from (values
  ('a-b.*', 'axb.c'), ('a_b.*', 'axb.c'), ('a.b.*', 'axb.c'), ('a+.*', 'aa.b'), ('a?.*', '.b'), ('(a).*', 'a.b'),
  ('[a-z].*', 'a.b'), ('a{2}.*', 'aa.b'), ('a|b.*', 'a'), ('a$.*', 'a.b'), ('^a.*', 'a.b'), ('\w.*', 'a.b'), ('\.*', 'a.b'),
  ('(?i)A.*', 'a.b'), ('***=a.*', 'a.b'), ('é.*', 'e.b'), ('%.*', 'a.b'), ('".*', 'a.b'), (' .*', 'a.b'), ('''.*', 'a.b'),
  ('a%', 'ab'), ('a_b', 'axb a-b a.b'), ('a-b', 'axb a_b'), ('a.b', 'axb A.b'), ('^a.b$', 'a.b'), ('a[.]b', 'a.b'),
  ('a\.b', 'a.b'), ('(a.b)', 'a.b'), ('a.b|axb', 'a.b axb')
) v (filter, others);

-- A filter may be as long as a subject.
insert into expectation
select filter, array[replace(filter, '*', 'x')], array[left(replace(filter, '*', 'x'), 254)]
from unnest(array[repeat('*.', 127) || 'ab', repeat('a', 254) || '.*', repeat('a-', 127) || '.*', repeat('a', 256)]) filter;

create temp table task as
select subject, test.task(test.consumer(), 'available') as id
from (select unnest(matches || others) as subject from expectation union values ('order.created')) s;

select test.update('send_email', format('subject = %L', subject), id) from task;

-- With this setting off, a backslash in a plain string is no backslash.
create function pg_temp.found(filter text, standard_strings text)
returns text[]
language plpgsql
as $$
begin
  perform set_config('standard_conforming_strings', standard_strings, true);
  return array(select t.subject from kanthorq_task_find('send_email', subject => filter, max_tasks => 1000) t);
end
$$;

select plan(2 * (select count(*)::integer from expectation));

select set_eq(
  format(
    'select unnest(%L::text[]) intersect select unnest(pg_temp.found(%L, %L))', matches || others, filter, standard_strings
  ),
  matches,
  format('%L finds of %s what it matches, with standard_conforming_strings %s', filter, left((matches || others)::text, 100), standard_strings)
)
from expectation, unnest(array['on', 'off']) standard_strings;

rollback;
