begin;

select plan(5);

create temp table task as
select subject, test.task(test.consumer(), 'available', subject => subject) as id
from unnest(array['time.us', 'time-us', 'timeout', 'time.us.east', 'ab.c', 'a-b.c', 'axb.c']) subject;

-- With this setting a backslash in a plain string is no backslash.
create function pg_temp.found(filter text)
returns setof text
language sql
set standard_conforming_strings to off
set escape_string_warning to off
as $$ select t.subject from kanthorq_task_find('send_email', subject => filter, oldest_first => true) t $$;

select results_eq($$ select pg_temp.found('time.*') $$, array['time.us'], 'a dot is a dot');
select results_eq($$ select pg_temp.found('time.>') $$, array['time.us', 'time.us.east'], 'it is before > too');
select results_eq($$ select pg_temp.found('a-b.*') $$, array['a-b.c'], 'a hyphen is a hyphen');
select is_empty($$ select pg_temp.found('time.>.us') $$, 'a > in the middle matches nothing');
select is_empty($$ select pg_temp.found('a?b.*') $$, 'a question mark is one');

rollback;
