-- Why a table must not be touched, as the end of a sentence; null if it is sound or there is none. kind is consumer or stream, and null
-- for our own tables.
--
-- What another role attaches to a table would run with the rights of the functions' owner: casts, triggers, defaults, rules, functions
-- of an index. So the table and its partitions belong to the owner, what a trigger calls to the owner or a superuser, and the columns
-- have KanthorQ's types. Only the catalog is read: no code of the table runs.
create or replace function kanthorq_schema._kanthorq_table_fault(name regclass, kind text)
returns text
language plpgsql
stable
as $function$
declare
  v_class record;
  v_columns text[] := case kind
    when 'consumer' then array[
      'event_id character varying', 'subject character varying', 'state smallint', 'schedule_at bigint', 'finalized_at bigint',
      'attempt_count smallint', 'attempted_at bigint', 'attempted_error jsonb[]', 'metadata jsonb', 'created_at bigint',
      'updated_at bigint'
    ]
    when 'stream' then array['id character varying', 'subject character varying', 'body bytea', 'metadata jsonb', 'created_at bigint']
    else '{}'
  end;
  v_present text[];
begin
  select c.relkind, pg_get_userbyid(c.relowner) as owner,
    c.relkind = 'p' or c.relhastriggers
      or exists (select from aclexplode(c.relacl) a where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner) as has_more
  into v_class
  from pg_class c
  where c.oid = name;
  if not found then
    return null;
  elsif v_class.relkind not in ('r', 'p') then
    return 'is no table';
  elsif v_class.owner <> current_user then
    return kanthorq_schema._kanthorq_one_line(format('belongs to the role %I, the functions to %I', v_class.owner, current_user));
  elsif row_security_active(name::oid) then
    return kanthorq_schema._kanthorq_one_line(format('hides rows from %I by row level security', current_user));
  elsif not (has_table_privilege(name, 'select') and has_table_privilege(name, 'insert') and has_table_privilege(name, 'update')) then
    return kanthorq_schema._kanthorq_one_line(format('can''t be read or changed by %I, its owner', current_user));
  end if;

  -- A query with conditions on kind would be planned anew in each call. quote_all_identifiers quotes types, too.
  v_present := array(
    select a.attname || ' ' || replace(case a.atttypid when 'text'::regtype then 'varchar'::regtype else a.atttypid end::regtype::text, '"', '')
    from pg_attribute a
    where a.attrelid = name and a.attnum > 0
  );
  if not v_present @> v_columns then
    return (
      select format('has no column %s of type %s', split_part(c.column_type, ' ', 1), substr(c.column_type, strpos(c.column_type, ' ') + 1))
      from unnest(v_columns) c (column_type)
      where c.column_type <> all (v_present)
      limit 1
    );
  end if;

  if v_class.has_more then
    return coalesce(
      (
        select kanthorq_schema._kanthorq_one_line(format('has a partition of the role %I', pg_get_userbyid(c.relowner)))
        from pg_partition_tree(name) t
        join pg_class c on c.oid = t.relid
        where pg_get_userbyid(c.relowner) <> current_user
        limit 1
      ),
      kanthorq_schema._kanthorq_hold_triggers(name)
    );
  end if;
  return null;
end
$function$;

comment on function kanthorq_schema._kanthorq_table_fault is 'Internal. Why a table must not be touched; null if it is sound.';
