-- What is wrong with the triggers of a table, as _kanthorq_trigger_fault says, and will be wrong until the end of the transaction: no
-- role makes another trigger meanwhile.
--
-- A role with the right TRIGGER may be making one that only shows when it commits. That takes a lock to wait for, and a new snapshot,
-- which the other isolation levels do not give; so this function is volatile. Without such a role it takes no lock.
create or replace function kanthorq_schema._kanthorq_hold_triggers(name regclass)
returns text
language plpgsql
volatile
as $function$
begin
  if exists (
    select
    from (select name as relid union select p.relid from pg_partition_tree(name) p) t
    join pg_class c on c.oid = t.relid
    cross join lateral aclexplode(c.relacl) a
    where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner
  ) then
    if current_setting('transaction_isolation') <> 'read committed' then
      return 'may get triggers of other roles, which is checked at the isolation level READ COMMITTED only';
    end if;
    execute format('lock table %s in row exclusive mode', kanthorq_schema._kanthorq_only_sql(name));
  end if;
  return kanthorq_schema._kanthorq_trigger_fault(name);
end
$function$;

comment on function kanthorq_schema._kanthorq_hold_triggers is 'Internal. What is wrong with the triggers of a table, until the end of the transaction.';
