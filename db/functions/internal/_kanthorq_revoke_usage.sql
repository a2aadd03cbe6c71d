-- Takes a role's USAGE on the schema away, unless it has other rights there or owns something: then it needs it for that. Without
-- this, DROP ROLE would fail after kanthorq_revoke.
create or replace function kanthorq_schema._kanthorq_revoke_usage(schema regnamespace, role name)
returns void
language plpgsql
volatile
as $function$
declare
  v_role oid := (select r.oid from pg_roles r where r.rolname = role);
begin
  if exists (
    select
    from pg_namespace n, aclexplode(n.nspacl) a
    where n.oid = schema and a.grantee = v_role and a.privilege_type = 'USAGE' and pg_has_role(a.grantor, 'usage')
  ) and not exists (
    select
    from pg_class c
    left join lateral aclexplode(c.relacl) a on true
    where c.relnamespace = schema and v_role in (c.relowner, a.grantee)
    union all
    select
    from pg_proc p
    left join lateral aclexplode(p.proacl) a on true
    where p.pronamespace = schema and v_role in (p.proowner, a.grantee)
  ) then
    execute format('revoke usage on schema %s from %I', schema, role);
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_revoke_usage is 'Internal. Takes a role''s USAGE on the schema away, unless it has other rights there.';
