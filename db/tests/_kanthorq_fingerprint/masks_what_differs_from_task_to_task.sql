begin;

create temp table sample (error text, fingerprint text);

insert into sample
values
  -- Numbers, with what belongs to them.
  ('smtp: mailbox 42 unavailable', 'smtp: mailbox * unavailable'),
  ('got 503, took 1m30.5s, 5ms, 99.9% of 0x7fff5fbff8a0', 'got *, took *% of *'),
  ('main.go:42: index out of range [5] with length 5', 'main.go:*: index out of range * with length *'),
  ('expired at 2026-11-28T12:00:00.123+01:00', 'expired at *'),
  ('no such events: 1, 2,3, 17', 'no such events: *'),
  ('x509: bad certificate; s3 and order-42 and ORA-00001', 'x*: bad certificate; s* and order-* and ORA-*'),
  -- Ids and hex.
  ('event_01m8623p0hft2sae2tj5y15gjc is gone, a1b2, f00d1e', '* is gone, *'),
  ('user 550e8400-e29b-41d4-a716-446655440000 and deadbeef-dead-beef-dead-beefdeadbeef', 'user * and *'),
  ('commit DEADBEEF; the bad, dead, faced cafe', 'commit *; the bad, dead, faced cafe'),
  -- Addresses.
  ('dial tcp 10.0.0.1:5432: connect: connection refused', 'dial tcp *: connect: connection refused'),
  ('dial tcp [2001:db8::1]:25: i/o timeout', 'dial tcp *:*: i/o timeout'),
  ('no route to fe80:0:0::7a from 2001:db8:dead::1', 'no route to * from *'),
  ('Post https://api.example.com/v1/users?name=alice&x=(y): EOF', 'Post *): EOF'),
  ('alice.smith+x@example.com bounced, so did <bob@example.com>', '* bounced, so did *'),
  -- What is quoted or in brackets, also where the end is missing.
  ('Get "https://api.example.com/users/alice": deadline exceeded (Client.Timeout (total))', 'Get *: deadline exceeded *'),
  ('can''t open ''the file'' of ''it''s'' owner', 'can''t open * of *s'' owner'),
  ('key ''it\''s'' and "say \"hi\" twice" and `a b`', 'key * and * and *'),
  ('payload {"a": {"b": [1]}} is bad, {"a": "', 'payload * is bad, *'),
  ('payload {"a": {"b": [1]}} is bad', 'payload * is bad'),
  ('[worker] <html> a < b, a <- b, 5 <= x (', '* * a < b, a <- b, * <= x *'),
  ('unexpected "abc', 'unexpected *'),
  ('unexpected ''abc', 'unexpected *'),
  ('unexpected "abc\', 'unexpected *'),
  -- The first line that says something.
  (e'java.lang.IllegalStateException: no\n\tat com.example.Main(Main.java:42)', 'java.lang.IllegalStateException: no'),
  (e' \t\r\n\n  no route  \r\n42', 'no route'),
  (e'bell\x07\x1b[31mred', 'bell**'),
  ('', '*'),
  (e' \n\t ', '*'),
  ('42', '*'),
  (test.char(233, 'e') || 't' || test.char(233, 'e') || ' 42', test.char(233, 'e') || 't' || test.char(233, 'e') || ' *'),
  -- Long ones.
  (repeat('a ', 1000), repeat('a ', 99) || 'a'),
  (repeat('x', 1000000), repeat('x', 200)),
  ('put "' || repeat('x', 1000000), 'put *'),
  (repeat('x ', 99) || 'x 42', repeat('x ', 99) || 'x');
-- What means something to a pattern, in all orders, and what takes a careless one long.
insert into sample (error)
select string_agg(part, '' order by md5(n || part))
from generate_series(1, 500) n,
  unnest(array['a', '5', ' ', '''', '"', '`', '[', ']', '(', ')', '{', '}', '<', '>', '@', '://', ':', '-', ',', '=', '\', '*', 'deadbeef', e'\t', '.']) part
group by n
union all
select repeat(part, 1000)
from unnest(array['"', '''', ' ''a', '`', '[', '(', '{', '<a', 'a-', 'a1', 'a:', 'a.b@', 'ab://', '\"', '5,', '*, ', e'\x01']) part;

create function pg_temp.fingerprint(error text)
returns text
language sql
return (select r ->> 'f' from test.read(format('select public._kanthorq_fingerprint(%L) as f', error)) r);

create temp table result as
select s.*, pg_temp.fingerprint(s.error) as found from sample s;

select plan(3 + (select count(*)::integer from sample where fingerprint is not null));

select is(found, fingerprint, coalesce(left(error, 60), 'no error')) from result where fingerprint is not null;

select is(pg_temp.fingerprint(null), null, 'no error has no fingerprint');

select is_empty(
  $$ select error, found from result where found <> pg_temp.fingerprint(found) $$,
  'a fingerprint is its own fingerprint, whatever the text'
);

select is_empty(
  $$ select error, found from result where found is null or found = '' or length(found) > 200 or found ~ '[0-9[:cntrl:]]' or found ~ '^ | $' $$,
  'it has up to 200 characters, no digits, no control characters, and no blanks around it'
);

select * from finish();

rollback;
