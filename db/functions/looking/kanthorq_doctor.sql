-- Looks for what is wrong in this database and says how to mend it. Changes nothing.
--
-- fix is one SQL statement, or several, that mend the finding; where a person has to decide first it is a comment, so that
-- all of them may be handed to \gexec.
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
  where kanthorq_schema._kanthorq_find_table(r.id, r.key) is null
  order by r.kind, r.name;

  return query
  select 'table is nobody''s', 'warning',
    format('table %s belongs to no %s of the registry', c.oid::regclass, substring(c.relname from '^kanthorq_([a-z]+)_')),
    format('-- put the registry row back, or, if nobody needs the rows: drop table %s', c.oid::regclass)
  from pg_class c
  where c.relnamespace = 'kanthorq_schema'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname ~ '^kanthorq_(consumer|stream)_[0-9a-z]{26}$'
    and not exists (select from kanthorq_schema.kanthorq_consumer_registry r where c.relname = 'kanthorq_' || r.id)
    and not exists (select from kanthorq_schema.kanthorq_stream_registry r where c.relname = 'kanthorq_' || r.id)
  order by c.relname;

  -- KanthorQ gives the index the same name for each consumer, so only the first gets one. One that was left invalid, because
  -- making it was interrupted, has the name that a new one would have.
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
    execute format(
      'select count(*) filter (where t.state = any ($3) and %s), count(*) filter (where t.state = $4) from %s t',
      (kanthorq_schema._kanthorq_task_action('discard', false)).condition,
      v_consumer.task_table
    )
    into v_stuck, v_parked
    using extract(epoch from clock_timestamp()) * 1000, v_consumer.attempt_max,
      (kanthorq_schema._kanthorq_task_action('discard', false)).from_states, kanthorq_schema._kanthorq_task_state('available');

    if v_stuck > 0 then
      return query values (
        'stuck tasks', 'warning',
        format('consumer %L has %s tasks that are running, overdue and out of attempts: no worker will ever take them', v_consumer.name, v_stuck),
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
    format('anybody may execute %s', p.oid::regprocedure),
    format('revoke execute on routine %s from public', p.oid::regprocedure)
  from pg_proc p
  where p.pronamespace = 'kanthorq_schema'::regnamespace
    and p.proname ~ '^_?kanthorq_'
    and exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where a.grantee = 0 and a.privilege_type = 'EXECUTE'
    )
  order by p.oid::regprocedure::text;

  -- Whoever may make a function there can have people call it instead of ours.
  return query
  select 'schema is open', 'error',
    format('anybody may create objects in schema %s, and so put a function in the way of somebody''s call', n.oid::regnamespace),
    format('revoke create on schema %s from public', n.oid::regnamespace)
  from pg_namespace n
  where n.oid = 'kanthorq_schema'::regnamespace
    and exists (
      select from aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE'
    );

  return query
  select 'migrations', 'warning',
    format('migration %s is not recorded in kanthorq_migrations', kanthorq_schema._kanthorq_newest_migration()),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  where not kanthorq_schema._kanthorq_is_migrated(kanthorq_schema._kanthorq_newest_migration());
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor is 'Looks for what is wrong in this database and says how to mend it. Changes nothing; looks at every task.

Returns a row for each finding, none if all is well:
check     what was looked at: table is gone, table is nobody''s, no scheduling index, stuck tasks, tasks in available, PUBLIC may
          execute, schema is open, migrations
severity  error, warning or info
detail    what was found, and what follows from it
fix       the SQL that mends it; a comment where a person has to decide first. So this is safe:
          select fix from kanthorq_doctor() \gexec';

revoke all on function kanthorq_schema.kanthorq_doctor from public;
