begin;

select plan(2);

create temp table task as
select test.tasks_in_bulk(test.consumer(), 'available', 2) as id;

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table operation as
select id from kanthorq_task_operations();

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
select u.* from pg_temp.operation, public.kanthorq_task_undo(id) u;

set local search_path to hostile, pg_catalog;

create temp table second as
select u.* from (select max(id) as id from public.kanthorq_task_operations()) o, public.kanthorq_task_undo(o.id) u;

set local search_path to tap, public;

select results_eq(
  'select updated from first',
  'select array_agg(id order by id) from task',
  'an empty search_path does not matter'
);

select results_eq(
  'select updated from second',
  'select array_agg(id order by id) from task',
  'neither does one whose first schema shadows what the function uses'
);

select * from finish();

rollback;
