-- What is wrong with the triggers of a table, as _kanthorq_trigger_fault says, until the end of the transaction.
--
-- A role with the right TRIGGER may be making one that only shows when it commits. That takes a lock to wait for, and a new snapshot, so
-- this function is volatile; without such a role it takes no lock. The other isolation levels give no new snapshot: there the doctor's
-- finding "table is open" is what helps. A session that may only read fires no trigger.
create or replace function kanthorq_schema._kanthorq_hold_triggers(name regclass)
returns text
language plpgsql
volatile
as $function$
begin
  if current_setting('transaction_read_only') = 'off' and exists (
    select
    from (select name as relid union select p.relid from pg_partition_tree(name) p) t
    join pg_class c on c.oid = t.relid
    cross join lateral aclexplode(c.relacl) a
    where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner
  ) then
    execute format('lock table %s in row exclusive mode', kanthorq_schema._kanthorq_only_sql(name));
  end if;
  return kanthorq_schema._kanthorq_trigger_fault(name);
end
$function$;

comment on function kanthorq_schema._kanthorq_hold_triggers is 'Internal. What is wrong with the triggers of a table, until the end of the transaction.';
