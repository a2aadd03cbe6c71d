begin;

select plan(26);

create temp table bad as
select *
from (values
  ('', 'an empty filter is refused'),
  ('a..b', 'an empty token is refused'),
  ('.a', 'a dot in front is refused'),
  ('a.', 'a dot at the end is refused'),
  ('time.>.east', 'a > that is not the last token is refused'),
  ('a>', 'a > within a token is refused'),
  ('a.*b', 'a * within a token is refused'),
  ('a b', 'a blank is refused'),
  ('a._b', 'an underscore at the start of a token is refused'),
  ('a-.b', 'a hyphen at the end of a token is refused'),
  (e'a\n', 'a newline at the end is refused'),
  ('é', 'a letter outside ASCII is refused'),
  (repeat('f', 257), '257 characters are refused')
) v (filter, description);

select throws_ok(
  format('select kanthorq_consumer_register(''event_log'', ''send_email'', array[''order.>'', %L])', filter),
  'KQ003', format('%L%s in subject_includes is not a subject filter', left(filter, 100), case when length(filter) > 100 then '…' end), description
)
from bad;

select throws_ok(
  format('select kanthorq_consumer_register(''event_log'', ''send_email'', ''{>}'', array[''order.>'', %L])', filter),
  'KQ003', format('%L%s in subject_excludes is not a subject filter', left(filter, 100), case when length(filter) > 100 then '…' end), description || ' among the excludes'
)
from bad;

select * from finish();

rollback;
