-- Why a table must not be touched, as the end of a sentence; null if it is sound or there is none. kind is consumer or stream, and null
-- for our own tables.
--
-- What another role attaches to a table would run with the rights of the functions' owner: casts, triggers, defaults, rules, functions
-- of an index. So the table and its partitions belong to the owner, trigger functions to the owner or a superuser, and the columns
-- have KanthorQ's types. Only the catalog is read: no code of the table runs.
create or replace function kanthorq_schema._kanthorq_table_fault(name regclass, kind text)
returns text
language plpgsql
stable
as $function$
declare
  v_class record;
  v_columns text[];
begin
  select c.oid, c.relkind, c.relhastriggers, pg_get_userbyid(c.relowner) as owner into v_class from pg_class c where c.oid = name;
  if not found then
    return null;
  elsif v_class.relkind not in ('r', 'p') then
    return 'is no table';
  elsif v_class.owner <> current_user then
    return format(
      'belongs to the role %s, the functions to %s', kanthorq_schema._kanthorq_shown(v_class.owner::text),
      kanthorq_schema._kanthorq_shown(current_user::text)
    );
  elsif row_security_active(v_class.oid) then
    return 'hides rows from the owner by row level security';
  end if;

  -- All columns at once: a query with conditions on kind would be planned anew in each call.
  v_columns := array(
    select a.attname || ' ' || case a.atttypid when 'text'::regtype then 'varchar'::regtype else a.atttypid end::regtype
    from pg_attribute a
    where a.attrelid = name and a.attnum > 0
  );
  if kind = 'consumer' and not v_columns @> array[
      'event_id character varying', 'subject character varying', 'state smallint', 'schedule_at bigint', 'finalized_at bigint',
      'attempt_count smallint', 'attempted_at bigint', 'attempted_error jsonb[]', 'metadata jsonb', 'created_at bigint',
      'updated_at bigint'
    ]
    or kind = 'stream' and not v_columns @> array[
      'id character varying', 'subject character varying', 'body bytea', 'metadata jsonb', 'created_at bigint'
    ] then
    return 'lacks a column of KanthorQ''s tables, or has one of another type';
  end if;

  -- In a query of its own, which costs only where it is needed.
  if v_class.relkind = 'p' or v_class.relhastriggers then
    return (
      select case
        when k.relowner <> t.owner
          then format('has a partition of the role %s', kanthorq_schema._kanthorq_shown(pg_get_userbyid(k.relowner)::text))
        else format('has a trigger with a function of the role %s', kanthorq_schema._kanthorq_shown(pg_get_userbyid(p.proowner)::text))
      end
      from (
        select p.relid, current_user::regrole as owner from (select name as relid union select relid from pg_partition_tree(name)) p
      ) t
      join pg_class k on k.oid = t.relid
      left join (
        pg_trigger g join pg_proc p on p.oid = g.tgfoid join pg_roles r on r.oid = p.proowner and not r.rolsuper
      ) on g.tgrelid = k.oid and not g.tgisinternal and p.proowner <> t.owner
      where k.relowner <> t.owner or g.oid is not null
      limit 1
    );
  end if;
  return null;
end
$function$;

comment on function kanthorq_schema._kanthorq_table_fault is 'Internal. Why a table must not be touched; null if it is sound.';
