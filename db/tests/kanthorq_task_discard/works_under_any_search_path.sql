begin;

select plan(2);

create temp table task as
select n, test.task(test.consumer(), 'running', attempt_count => 4) as id from generate_series(1, 2) n;

-- A schema that comes before pg_catalog, with functions and an operator that fit better than those meant.
do $$
begin
  perform test.as_owner($hostile$
    create schema hostile;
    grant usage on schema hostile to public;
    create function hostile.cardinality(text[]) returns integer language sql as 'select 1 / 0';
    create function hostile.format(text, text) returns text language sql as 'select (1 / 0)::text';
    create function hostile.same(text, text) returns boolean language sql as 'select 1 / 0 = 1';
    create operator hostile.= (leftarg = text, rightarg = text, function = hostile.same);
  $hostile$);
end
$$;

set local search_path to '';

create temp table first as
select updated, noop from public.kanthorq_task_discard('send_email', (select array[id] from pg_temp.task where n = 1));

set local search_path to hostile, pg_catalog;

create temp table second as
select updated, noop from public.kanthorq_task_discard('send_email', (select array[id] from pg_temp.task where n = 2));

set local search_path to tap, public;

select results_eq(
  'select * from first',
  $$ select array[id], '{}'::text[] from task where n = 1 $$,
  'an empty search_path does not matter'
);

select results_eq(
  'select * from second',
  $$ select array[id], '{}'::text[] from task where n = 2 $$,
  'neither does one whose first schema shadows what the functions use'
);

select * from finish();

rollback;
