begin;

select plan(1);

create temp table long as
select filter, replace(filter, '*', 'x') as subject
from (values
  (repeat('*.', 127) || 'ab'),
  (repeat('a', 254) || '.*'),
  (repeat('a-', 127) || '.*')
) v (filter);

select results_eq(
  $$ select length(filter), length(subject), row.matches
     from long,
       test.read(format('select %L ~ public._kanthorq_subject_pattern(%L) as yes, %L ~ public._kanthorq_subject_pattern(%L) as no',
         subject, filter, subject || '.x', filter)) result,
       jsonb_to_record(result) as r (yes boolean, no boolean),
       lateral (select yes and not no as matches) row $$,
  $$ values (256, 256, true), (256, 256, true), (256, 256, true) $$,
  'a filter as long as a subject may be matches what it should, and nothing longer'
);

select * from finish();

rollback;
