-- The SQL that makes a table with a fault usable. Only a comment where the table, or something of it, belongs to another role: what that
-- role attaches to it, also while the statement waits, would run with the rights of the new owner.
create or replace function kanthorq_schema._kanthorq_table_repair(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select case
      when pg_get_userbyid(c.relowner) <> current_user
        then kanthorq_schema._kanthorq_one_line(format(
          '-- if the role is to be trusted, with all triggers, defaults, rules, indexes and policies of the table: alter table %s owner to %I',
          c.oid::regclass, current_user
        ))
      when row_security_active(c.oid) then format('alter table %s no force row level security', c.oid::regclass)
      when not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update'))
        then format('grant all on table %s to %I', c.oid::regclass, current_user)
      else '-- a table that KanthorQ made has no such fault: repair what was changed by hand'
    end
    from pg_class c
    where c.oid = name
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_table_repair is 'Internal. The SQL that makes a table with a fault usable.';
