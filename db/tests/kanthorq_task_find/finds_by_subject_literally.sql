begin;

select plan(2);

create temp table task as
select subject, test.task(test.consumer(), 'available', subject => subject) as id
from unnest(array['a-b', 'a_b', 'axb', 'a.b', 'a.b.c', 'A.b']) subject;

select results_eq(
  $$ select filter, array_agg(t.subject)
     from unnest(array['A.b', 'a-b', 'a.b', 'a_b']) filter, kanthorq_task_find('send_email', subject => filter) t
     group by filter order by filter collate "C" $$,
  $$ values ('A.b', array['A.b']), ('a-b', array['a-b']), ('a.b', array['a.b']), ('a_b', array['a_b']) $$,
  'without a wildcard the subject is that very text, in that very case'
);

select is_empty(
  $$ select filter, t.subject
     from unnest(array['a', 'a%', 'a.', '.*'::text, '(a.b)', 'a.b|axb', '^a.b$', 'a[.]b', 'a\.b', 'a''b', repeat('a', 256)]) filter,
       kanthorq_task_find('send_email', subject => filter) t $$,
  'what means something to LIKE or to a regular expression means nothing here'
);

select * from finish();

rollback;
