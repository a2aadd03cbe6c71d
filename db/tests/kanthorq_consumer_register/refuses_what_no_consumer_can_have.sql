begin;

create temp table refusal as
select * from (values
  ('''{>}'', attempt_max => 0', 'attempt_max is 0'),
  ('''{>}'', attempt_max => -1', 'attempt_max is -1'),
  ('''{>}'', attempt_max => 32768', 'attempt_max is 32768'),
  ('''{>}'', attempt_max => null', 'attempt_max is null'),
  ('''{>}'', visibility_timeout => 1000', 'visibility_timeout is 1000'),
  ('''{>}'', visibility_timeout => -300000', 'visibility_timeout is -300000'),
  ('''{>}'', visibility_timeout => null', 'visibility_timeout is null'),
  ('''{>}'', visibility_timeout => 3155760000001', 'visibility_timeout is 3155760000001'),
  ('''{a.>,b.>}'', ''{a.x}''', 'there are 1 subject_excludes for 2 subject_includes'),
  ('''{>}'', ''{a.x,a.y}''', 'there are 2 subject_excludes for 1 subject_includes'),
  ('''{}''', 'subject_includes is empty'),
  ('null', 'subject_includes is not a one-dimensional array'),
  ('''{>}'', null', 'subject_excludes is not a one-dimensional array'),
  ('''{{a,b},{c,d}}''', 'subject_includes is not a one-dimensional array'),
  ('''{>}'', ''{{a,b},{c,d}}''', 'subject_excludes is not a one-dimensional array'),
  ('array[''>'', null]', 'null in subject_includes is not a subject filter'),
  ('''{>}'', array[null]', 'null in subject_excludes is not a subject filter')
) v (arguments, message);

-- Filters that match nothing, in either list.
insert into refusal
select
  format(arguments, filter),
  format('%L%s in %s is not a subject filter', left(replace(filter, e'\n', '{000a}'), 100), case when length(filter) > 100 then '...' end, list)
from unnest(array[
    '', 'a..b', '.a', 'a.', 'time.>.east', 'a>', 'a.*b', 'a b', 'a._b', 'a-.b', e'a\n', 'é', repeat('f', 257)
  ]) filter,
  (values ('subject_includes', 'array[''order.>'', %L]'), ('subject_excludes', '''{>}'', array[''order.>'', %L]')) v (list, arguments);

select plan((select count(*)::integer from refusal));

select throws_ok(
  format('select kanthorq_consumer_register(''event_log'', ''send_email'', %s)', arguments),
  'KQ003', message,
  format('%s is refused', left(arguments, 100))
)
from refusal;

rollback;
