begin;

select plan(2);

create temp table task as
select test.tasks_in_bulk(test.consumer(), 'available', 6) as id;

-- A schema that comes before pg_catalog, with functions and an operator that fit better than those meant.
do $$
begin
  perform test.as_owner($hostile$
    create schema hostile;
    grant usage on schema hostile to public;
    create function hostile.cardinality(text[]) returns integer language sql as 'select 1 / 0';
    create function hostile.format(text, text) returns text language sql as 'select (1 / 0)::text';
    create function hostile.jsonb_typeof(jsonb) returns text language sql as 'select (1 / 0)::text';
    create function hostile.same(text, text) returns boolean language sql as 'select 1 / 0 = 1';
    create operator hostile.= (leftarg = text, rightarg = text, function = hostile.same);
    create domain hostile.jsonb as integer check (value > 1 / 0);
  $hostile$);
end
$$;

set local search_path to '';

create temp table first as
select * from public.kanthorq_task_batch('cancel', 'send_email', array['available'], subject => 'order.*', max_tasks => 2);

set local search_path to hostile, pg_catalog;

create temp table second as
select * from public.kanthorq_task_batch('cancel', 'send_email', array['available'], subject => 'order.*', max_tasks => 3);

set local search_path to tap, public;

select is((select total from first), 2::bigint, 'an empty search_path does not matter');

select is((select total from second), 3::bigint, 'neither does one whose first schema shadows what the function uses');

select * from finish();

rollback;
