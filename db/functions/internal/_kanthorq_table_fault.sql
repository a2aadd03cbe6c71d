-- Why a table must not be touched, as the end of a sentence; null if it is sound. kind is consumer or stream; null for our own tables.
--
-- What another role attaches to a table would run with the rights of the functions' owner: casts, triggers, defaults, rules, functions
-- of an index. So the table and its partitions belong to the owner, what a trigger calls to the owner or a superuser, and the columns
-- have KanthorQ's types. Only the catalog is read: no code of the table runs.
create or replace function kanthorq_schema._kanthorq_table_fault(name regclass, kind text)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select case
      when c.relkind not in ('r', 'p') then 'is no table'
      when pg_get_userbyid(c.relowner) <> current_user
        then kanthorq_schema._kanthorq_one_line(
          format('belongs to the role %I, the functions to %I', pg_get_userbyid(c.relowner), current_user)
        )
      when row_security_active(c.oid)
        then kanthorq_schema._kanthorq_one_line(format('hides rows from %I by row level security', current_user))
      when not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update'))
        then kanthorq_schema._kanthorq_one_line(format('can''t be read or changed by %I, its owner', current_user))
      else coalesce(
        (
          select format('has no column %I of type %s', w.name, w.type)
          from unnest(
            case kind
              when 'consumer' then array[
                'event_id', 'subject', 'state', 'schedule_at', 'finalized_at', 'attempt_count', 'attempted_at', 'attempted_error',
                'metadata', 'created_at', 'updated_at'
              ]
              when 'stream' then array['id', 'subject', 'body', 'metadata', 'created_at']
            end,
            case kind
              when 'consumer' then array[
                'varchar', 'varchar', 'smallint', 'bigint', 'bigint', 'smallint', 'bigint', 'jsonb[]', 'jsonb', 'bigint', 'bigint'
              ]::regtype[]
              when 'stream' then array['varchar', 'varchar', 'bytea', 'jsonb', 'bigint']::regtype[]
            end
          ) w (name, type)
          left join pg_attribute a on a.attrelid = c.oid and a.attname = w.name
          where a.atttypid is distinct from w.type and (a.atttypid = 'text'::regtype and w.type = 'varchar'::regtype) is not true
          limit 1
        ),
        case when c.relkind = 'p' then (
          select kanthorq_schema._kanthorq_one_line(format('has a partition of the role %I', pg_get_userbyid(k.relowner)))
          from pg_partition_tree(c.oid) t
          join pg_class k on k.oid = t.relid and k.relowner <> c.relowner
          limit 1
        ) end,
        case when c.relkind = 'p' or c.relhastriggers or c.relacl is not null
          then kanthorq_schema._kanthorq_hold_triggers(c.oid::regclass)
        end
      )
    end
    from pg_class c
    where c.oid = name
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_table_fault is 'Internal. Why a table must not be touched; null if it is sound.';
