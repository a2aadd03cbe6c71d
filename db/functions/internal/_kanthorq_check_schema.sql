-- Refuses to work with registries or tables of its own that belong to somebody else, and in a schema that functions of another one work on: KQ002.
--
-- The owner of the schema may drop our tables and put others in their place, whose code would run with our rights.
create or replace function kanthorq_schema._kanthorq_check_schema()
returns void
language plpgsql
stable
as $function$
declare
  v_table regclass;
begin
  select c.oid into v_table
  from pg_class c
  where c.oid in (
      'kanthorq_schema.kanthorq_consumer_registry'::regclass, 'kanthorq_schema.kanthorq_stream_registry'::regclass,
      'kanthorq_schema.kanthorq_task_operation'::regclass, 'kanthorq_schema.kanthorq_consumer_hold'::regclass
    )
    and (pg_get_userbyid(c.relowner) <> current_user or c.relkind <> 'r' or c.relrowsecurity or c.relhastriggers
      or c.relacl <> acldefault('r', c.relowner))
    and kanthorq_schema._kanthorq_table_fault(c.oid::regclass, null::text) is not null
  limit 1;
  if found then
    raise exception 'the table % %', v_table, kanthorq_schema._kanthorq_table_fault(v_table, null::text)
      using errcode = 'KQ002', hint = 'kanthorq_doctor() has the statement that repairs it.';
  end if;
  if kanthorq_schema._kanthorq_claimed_by() is not null then
    raise exception 'the functions of schema % work on the tables of this schema, whose name it had', kanthorq_schema._kanthorq_claimed_by()
      using errcode = 'KQ002',
        hint = format('npx kanthorq-tasks migrate up --schema %s repairs them.', kanthorq_schema._kanthorq_claimed_by());
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_schema is 'Internal. Raises KQ002 where the registries or our tables are not ours.';
