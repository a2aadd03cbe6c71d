-- level: viewer
-- Looks for faults in this database and gives the SQL that repairs them. Changes nothing.
--
-- fix is one SQL statement, or several, that repair the finding. It is a comment where a person has to decide first, so that \gexec may
-- run all of them.
create or replace function kanthorq_schema.kanthorq_doctor()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_stuck bigint;
  v_parked bigint;
  v_migrated boolean;
begin
  -- Registry rows without a table, and tables without a registry row.
  return query
  select 'table is gone', 'error',
    format('%s %L is registered, but its table %s does not exist', r.kind, r.name, r.task_table),
    format('-- restore the table from a backup, or: delete from %s where name = %L', r.registry, r.name)
  from (
    select 'consumer' as kind, c.name, c.id::text, 'event_id' as key, format('kanthorq_schema.%I', 'kanthorq_' || c.id) as task_table,
      'kanthorq_schema.kanthorq_consumer_registry' as registry
    from kanthorq_schema.kanthorq_consumer_registry c
    union all
    select 'stream', s.name, s.id::text, 'id', format('kanthorq_schema.%I', 'kanthorq_' || s.id), 'kanthorq_schema.kanthorq_stream_registry'
    from kanthorq_schema.kanthorq_stream_registry s
  ) r
  where kanthorq_schema._kanthorq_find_table(r.id::text, r.key) is null
  order by r.kind, r.name;

  return query
  select 'table is not registered', 'warning',
    format('table %s belongs to no %s of the registry', c.oid::regclass, substring(c.relname from '^kanthorq_([a-z]+)_')),
    format('-- put the registry row back, or, if nobody needs the rows: drop table %s', c.oid::regclass)
  from pg_class c
  where c.relnamespace = 'kanthorq_schema'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname ~ '^kanthorq_(consumer|stream)_[0-9a-z]{26}$'
    and not exists (select from kanthorq_schema.kanthorq_consumer_registry r where c.relname = 'kanthorq_' || r.id)
    and not exists (select from kanthorq_schema.kanthorq_stream_registry r where c.relname = 'kanthorq_' || r.id)
  order by c.relname;

  -- KanthorQ gives the index of each consumer the same name, so only the first gets one. An index that an interrupted CREATE left
  -- invalid has the name that a new one would have.
  return query
  select 'no scheduling index', 'warning',
    format('consumer %L has no usable index on (state, schedule_at): workers and bulk calls look at the whole table', r.name),
    case when i.indisvalid is false
      then format('reindex index concurrently %s', i.indexrelid::regclass)
      else format(
        'create index %s%I on %s (state, schedule_at, event_id)',
        case when c.relkind = 'p' then '' else 'concurrently ' end, c.relname || '_scheduling', c.oid::regclass
      )
    end
  from kanthorq_schema.kanthorq_consumer_registry r
  join pg_class c on c.oid = kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id')
  left join pg_index i on i.indexrelid = to_regclass(format('kanthorq_schema.%I', c.relname || '_scheduling'))
  where not kanthorq_schema._kanthorq_has_scheduling_index(c.oid::regclass)
  order by r.name;

  for v_consumer in
    select r.name, c.oid::regclass as task_table, r.attempt_max
    from kanthorq_schema.kanthorq_consumer_registry r
    join pg_class c on c.oid = kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id')
    order by r.name
  loop
    execute format($q$
      select
        count(*) filter (where %s),
        count(*) filter (where t.state = kanthorq_schema._kanthorq_task_state('available'))
      from %s t
      $q$,
      kanthorq_schema._kanthorq_task_takes_sql('discard', false),
      kanthorq_schema._kanthorq_only_sql(v_consumer.task_table)
    )
    into v_stuck, v_parked
    using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max;

    if v_stuck > 0 then
      return query values (
        'stuck tasks', 'warning',
        format('consumer %L has %s tasks that are running, overdue and out of attempts: no worker takes them again', v_consumer.name, v_stuck),
        format('call kanthorq_schema.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', v_consumer.name)
      );
    end if;
    if v_parked > 0 then
      return query values (
        'tasks in available', 'info',
        format('consumer %L has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', v_consumer.name, v_parked),
        format('-- to have them worked: call kanthorq_schema.kanthorq_task_cancel_all(%1$L, states => ''{available}''), then kanthorq_schema.kanthorq_task_resume_all(%1$L, states => ''{cancelled}'')', v_consumer.name)
      );
    end if;
  end loop;

  return query
  select 'PUBLIC may execute', 'error',
    format('any role may execute %s', p.oid::regprocedure),
    format('revoke execute on routine %s from public', p.oid::regprocedure)
  from pg_proc p
  where p.pronamespace = 'kanthorq_schema'::regnamespace
    and p.proname ~ '^_?kanthorq_'
    and exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where a.grantee = 0 and a.privilege_type = 'EXECUTE'
    )
  order by p.oid::regprocedure::text;

  -- A function of another role could be called instead of ours.
  return query
  select 'schema is open', 'error',
    format('any role may create objects in schema %s, also functions that are called instead of ours', n.oid::regnamespace),
    format('revoke create on schema %s from public', n.oid::regnamespace)
  from pg_namespace n
  where n.oid = 'kanthorq_schema'::regnamespace
    and exists (
      select from aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE'
    );

  -- The migrations table is missing where the functions were copied by hand.
  if to_regclass('kanthorq_schema.kanthorq_migrations') is not null then
    execute 'select exists (select from kanthorq_schema.kanthorq_migrations m where m.name = $1)'
    into v_migrated
    using kanthorq_schema._kanthorq_newest_migration();
  end if;
  return query
  select 'migrations', 'warning',
    format('migration %s is not recorded in kanthorq_migrations', kanthorq_schema._kanthorq_newest_migration()),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  where v_migrated is not true;
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor is 'Looks for faults in this database and gives the SQL that repairs them. Changes nothing; looks at every task.

Returns a row for each finding:
check     the kind: table is gone, table is not registered, no scheduling index, stuck tasks, tasks in available, PUBLIC
          may execute, schema is open, migrations
severity  error, warning or info
detail    the finding and its consequence
fix       the SQL that repairs it; a comment where a person has to decide first, so that this is safe:
          select fix from kanthorq_doctor() \gexec';
