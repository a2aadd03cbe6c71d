-- The findings of kanthorq_doctor about tables: of streams and consumers, and our own.
--
-- fix has names as identifiers and literals only; a comment has them as _kanthorq_shown shows them, on one line.
create or replace function kanthorq_schema._kanthorq_doctor_tables()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
begin
  return query
  select 'table is gone', 'error',
    format(
      '%s %s is registered, but its table %s does not exist', r.kind, kanthorq_schema._kanthorq_shown(r.name),
      kanthorq_schema._kanthorq_shown('kanthorq_' || r.id)
    ),
    format(
      '-- restore the table from a backup, or delete the row of %s %s from %s', r.kind, kanthorq_schema._kanthorq_shown(r.name), r.registry
    )
  from kanthorq_schema._kanthorq_registered() r
  where r.task_table is null
  order by r.kind, r.name;

  -- A table that code of another role hangs on is not taken over without a look at it.
  return query
  select 'table is not ours', 'error',
    format('%s %s: its table %s %s', r.kind, kanthorq_schema._kanthorq_shown(r.name),
      kanthorq_schema._kanthorq_shown(r.task_table::text), f.fault),
    kanthorq_schema._kanthorq_table_repair(r.task_table)
  from kanthorq_schema._kanthorq_registered() r
  cross join lateral kanthorq_schema._kanthorq_table_fault(r.task_table, r.kind) f (fault)
  where f.fault is not null
  order by r.kind, r.name;

  -- KanthorQ's tables get such rights by default privileges, or by a GRANT on all tables.
  return query
  select 'table is open', 'error',
    format(
      '%s may make triggers, whose code runs with the rights of the role that changes rows, also %I, on %s',
      case a.grantee when 0 then 'any role' else 'role ' || kanthorq_schema._kanthorq_shown(pg_get_userbyid(a.grantee)::text) end,
      current_user, string_agg(distinct c.oid::regclass::text, ', ')
    ),
    format(
      'revoke trigger on table %s from %s', string_agg(distinct c.oid::regclass::text, ', '),
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
  from (
    select r.task_table as name from kanthorq_schema._kanthorq_registered() r
    union
    values ('kanthorq_schema.kanthorq_consumer_registry'::regclass), ('kanthorq_schema.kanthorq_stream_registry'::regclass)
  ) t
  join pg_class c on c.oid = t.name and pg_get_userbyid(c.relowner) = current_user
  cross join lateral aclexplode(c.relacl) a
  where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner
    and not exists (select from pg_roles r where r.oid = a.grantee and r.rolsuper)
  group by a.grantee
  order by a.grantee;

  return query
  select 'table is not registered', 'warning',
    format('table %s belongs to no %s of the registry', c.oid::regclass, substring(c.relname from '^kanthorq_([a-z]+)_')),
    format('-- put the registry row back, or, if nobody needs the rows: drop table %s', c.oid::regclass)
  from pg_class c
  where c.relnamespace = v_schema
    and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname ~ '^kanthorq_(consumer|stream)_[0-9a-z]{26}$'
    and not exists (select from kanthorq_schema._kanthorq_registered() r where r.task_table = c.oid)
  order by c.relname;

  -- KanthorQ gives the index of each consumer the same name, so only the first gets one. An index that an interrupted CREATE left
  -- invalid has the name that a new one would have.
  return query
  select 'no scheduling index', 'warning',
    format(
      'consumer %s has no usable index on (state, schedule_at): workers and bulk calls look at the whole table',
      kanthorq_schema._kanthorq_shown(r.name)
    ),
    case when i.indisvalid is false
      then format('reindex index concurrently %s', i.indexrelid::regclass)
      else format(
        'create index %s%I on %s (state, schedule_at, event_id)',
        case when c.relkind = 'p' then '' else 'concurrently ' end, c.relname || '_scheduling', c.oid::regclass
      )
    end
  from kanthorq_schema._kanthorq_registered() r
  join pg_class c on c.oid = r.task_table
  left join pg_index i on i.indexrelid = to_regclass(format('%s.%I', v_schema, c.relname || '_scheduling'))
  where r.kind = 'consumer' and kanthorq_schema._kanthorq_table_fault(r.task_table, r.kind) is null
    and not kanthorq_schema._kanthorq_has_scheduling_index(r.task_table)
  order by r.name;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_tables is 'Internal. What kanthorq_doctor finds about tables.';
