-- Every function, called by name in a session that puts objects of its own in the way of those that are meant.
begin;

create temp table task as
select test.task(test.consumer(), from_state, attempt_count => 4) as id from test.transitions();

create temp table done as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

insert into task values (test.task('send_email', 'available'));

create temp table operation as
select id from kanthorq_task_operations();

-- An event that is no task yet.
insert into task values (kanthorq_stream_publish('send_email_stream', 'order.created', 'body'));

create temp table call as
select * from test.calls('{}', '{
  "consumer": "''send_email''", "stream": "''send_email_stream''", "name": "''other''", "action": "''cancel''",
  "event_ids": "(select pg_catalog.array_agg(id) from pg_temp.task)", "initial_state": "''pending''",
  "operation_id": "(select id from pg_temp.operation)", "event_id": "(select updated[1] from pg_temp.done)",
  "bulk_id": "(select id from pg_temp.operation)", "subject": "''order.created''", "body": "''body''", "role": "''pg_monitor''", "level": "''viewer''"
}');

select plan(4 * (select count(*)::integer from call));

-- What a call returns, but for what has a digit in it: ids and times are new each time. Takes it back.
create function pg_temp.result(call text, path text default 'public')
returns text
language plpgsql
as $$
declare
  v_result text;
begin
  perform pg_catalog.set_config('search_path', path, true);
  execute pg_catalog.format('select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r))::text from (%s) r', call) into v_result;
  raise exception using errcode = 'TT000';
exception
  when sqlstate 'TT000' then
    return pg_catalog.regexp_replace(v_result, '\w*\d[\w.:+-]*', '#', 'g');
  when others then
    return pg_catalog.concat('error ', sqlerrm);
end
$$;

create temp table normal as
select name, call, pg_temp.result(call) as result from call;

select unalike(result, 'error%', name || ' returns something') from normal;

-- A schema that comes before pg_catalog, with functions, an operator and a type that fit better than those meant.
select test.as_owner($hostile$
  create schema hostile;
  grant usage on schema hostile to public;
  create function hostile.cardinality(text[]) returns integer language sql as 'select 1 / 0';
  create function hostile.format(text, text) returns text language sql as 'select (1 / 0)::text';
  create function hostile.jsonb_typeof(jsonb) returns text language sql as 'select (1 / 0)::text';
  create function hostile.same(text, text) returns boolean language sql as 'select 1 / 0 = 1';
  create operator hostile.= (leftarg = text, rightarg = text, function = hostile.same);
  create domain hostile.jsonb as integer check (value > 1 / 0);
$hostile$);

select is(pg_temp.result(call, path), result, format('%s works with search_path %L', name, path))
from normal, unnest(array['', 'hostile, pg_catalog']) path;

-- Anybody may make such tables, and PostgreSQL looks for a table in pg_temp first unless told otherwise.
do $$
begin
  execute (
    select string_agg(format('create temp table %I (nothing text);', c.relname), ' ')
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  );
end
$$;

-- What was planned without them would not be planned again.
discard plans;

select is(pg_temp.result(call), result, format('%s looks at no temporary table', name)) from normal;

rollback;
