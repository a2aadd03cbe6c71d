begin;

-- Before PostgreSQL 15 anybody may create functions in the schema public. One that has the name of ours, and arguments that fit
-- a call of ours better, would be called instead, as the owner of ours.
create temp table task as
select test.task(test.consumer(), s.state, attempt_count => 4) as id
from unnest(array['available', 'cancelled', 'running']) s (state);

select kanthorq_task_discard('send_email', (select array_agg(id) from task));

create temp table operation as
select id from kanthorq_task_operations();

-- Arguments with which each function does something. All others are null.
create temp table argument (name, type, value) as
values ('action', 'text', '''resume'''), ('attempt_max', 'integer', '3'), ('batch_size', 'integer', '10'), ('bulk_id', 'bigint', (select id::text from operation)),
  ('before', 'timestamp with time zone', '''2000-01-01'''), ('bodies', 'bytea[]', '''{x}'''), ('body', 'bytea', ''''''), ('consumer', 'text', '''send_email'''),
  ('errors', 'text[]', '(select array_agg(''x''::text) from task)'), ('event_id', 'text', '(select min(id) from task)'), ('event_ids', 'text[]', '(select array_agg(id) from task)'),
  ('bucket', 'interval', '''1 hour'''), ('since', 'timestamp with time zone', 'now()'),
  ('everything', 'boolean', 'true'), ('finished_before', 'timestamp with time zone', '''2000-01-01'''), ('states', 'text[]', '''{cancelled}'''),
  ('initial_state', 'text', '''pending'''), ('level', 'text', '''viewer'''), ('lookback', 'interval', '''1 minute'''), ('max_events', 'integer', '10'), ('max_operations', 'integer', '10'),
  ('max_tasks', 'integer', '10'), ('metadata', 'jsonb', '''{"customer": "42"}'''), ('name', 'text', '''other'''),
  ('operation_id', 'bigint', '(select id from operation)'), ('role', 'text', '''pg_monitor'''),
  ('stream', 'text', '''send_email_stream'''), ('spread', 'interval', '''1 second'''), ('subject', 'text', '''order.created'''),
  ('subject_excludes', 'text[]', '''{}'''), ('subject_includes', 'text[]', '''{>}'''), ('subjects', 'text[]', '''{order.created}'''),
  ('visibility_timeout', 'bigint', '2000');

-- Each argument has exactly the type of its parameter.
create temp table call as
select p.proname as name, p.prokind = 'p' as is_procedure, format(
  '%s %I(%s)', case p.prokind when 'p' then 'call' else 'select' end, p.proname,
  (
    select string_agg(coalesce(v.value, 'null') || '::' || t.type, ', ' order by a.n)
    from unnest(p.proargtypes::oid[], p.proargnames[:p.pronargs]) with ordinality a (type, name, n)
    cross join format_type(a.type, null) t (type)
    left join argument v on v.name = a.name and v.type = t.type
  )
) as sql
from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.proname like 'kanthorq\_%';

select plan(1 + (select count(*)::integer from call));

-- Overloads that would be preferred: with one argument of another type, or without those that have a default.
select test.as_owner($overloads$
  do $do$
  declare
    v_overload record;
  begin
    for v_overload in
      with ours as (
        select p.proname as name, p.prokind, p.pronargs::integer as n, p.pronargdefaults::integer as defaults,
          array(select format_type(t, null) from unnest(p.proargtypes) with ordinality a (t, n) order by a.n) as types
        from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname ~ '^_?kanthorq_'
      )
      select o.name, o.prokind, array_to_string(o.types[:k], ', ') as types
      from ours o, generate_series(o.n - o.defaults, o.n - 1) k
      union
      select o.name, o.prokind, array_to_string(o.types[:i - 1] || other || o.types[i + 1:], ', ')
      from ours o, generate_series(1, o.n) i,
        unnest(array['text', 'character varying', 'name', 'oid', 'integer', 'anyelement', 'anynonarray']) other
      where other <> o.types[i]
    loop
      execute format(
        'create %s public.%I(%s) %s language plpgsql as %L',
        case v_overload.prokind when 'p' then 'procedure' else 'function' end, v_overload.name, v_overload.types,
        case when v_overload.prokind = 'f' then 'returns text' end, 'begin raise exception ''caught''; end'
      );
    end loop;
  end
  $do$
$overloads$);

-- What was planned without them would not be planned again.
discard plans;

select cmp_ok(
  (select count(*) from pg_proc where pronamespace = 'public'::regnamespace and prosrc like '%caught%'),
  '>', 1000::bigint,
  'there are many to fall for'
);

-- The procedures refuse to be part of a transaction, once they have found each other.
select case
  when is_procedure then throws_ok(sql, '25001', null, format('%s calls nobody else''s procedures', name))
  else lives_ok(sql, format('%s calls nobody else''s functions', name))
end
from call;

rollback;
