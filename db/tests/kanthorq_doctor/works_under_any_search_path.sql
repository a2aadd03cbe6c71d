begin;

select plan(2);

create temp table task as
select test.task(test.consumer(), 'running', attempt_count => 4) as id;

create temp table before as
select * from kanthorq_doctor();

-- Anybody may make such tables.
create temp table kanthorq_consumer_registry (id text, name text);

set local search_path to '';

create temp table after as
select * from public.kanthorq_doctor();

set local search_path to tap, public;

select results_eq('select * from after', 'select * from before', 'names are the same, and qualified, whatever the search_path');

select isnt_empty('select * from before', 'there was something to find');

select * from finish();

rollback;
