begin;

select plan(24);

-- The table of KanthorQ's own test, but for the empty filter, which is refused.
create temp table kanthorqs (filter text, subject text, matches boolean);

insert into kanthorqs values
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
from (select distinct subject from kanthorqs) s;

-- No event can be published without a subject.
do $$
begin
  perform test.as_owner(format('update %s set subject = '''' where subject = ''none''', test.task_table('send_email')));
end
$$;

select is(
  exists (select from kanthorq_task_find('send_email', subject => filter) t where t.event_id = task.id),
  matches,
  format('%L %s %L', filter, case when matches then 'finds' else 'does not find' end, subject)
)
from kanthorqs join task using (subject);

select results_eq(
  $$ select filter, array_agg(t.subject order by t.subject collate "C")
     from (select distinct filter from kanthorqs) f, kanthorq_task_find('send_email', subject => filter) t
     group by filter order by filter collate "C" $$,
  $$ values
       ('*.*.east.>', array['time.eu.east.london', 'time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']),
       ('time.*.east', array['time.NewYork.east', 'time.asia.east', 'time.eu.east', 'time.us.east']),
       ('time.*.east.*', array['time.eu.east.london', 'time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']),
       ('time.*.east.>', array['time.eu.east.london', 'time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']),
       ('time.us.*', array['time.us.EAST', 'time.us.east', 'time.us.west']),
       ('time.us.*.east', array['time.us.any.east']),
       ('time.us.>', array['time.us.EAST', 'time.us.any.east', 'time.us.east', 'time.us.east.any', 'time.us.east.atlanta',
         'time.us.east.newyork', 'time.us.west', 'time.us.west.any']),
       ('time.us.east', array['time.us.east']),
       ('time.us.east.>', array['time.us.east.any', 'time.us.east.atlanta', 'time.us.east.newyork']) $$,
  'each filter finds all that it matches and nothing else'
);

select * from finish();

rollback;
