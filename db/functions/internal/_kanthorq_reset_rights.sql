-- Takes away every right on functions and tables of ours that kanthorq_grant did not give, and gives roles the functions that are new in
-- their level. Ends a migration: default privileges give rights on what it made. levels is what _kanthorq_role_levels said before.
create or replace function kanthorq_schema._kanthorq_reset_rights(levels jsonb)
returns void
language plpgsql
volatile
as $function$
declare
  v_role record;
begin
  for v_role in
    select a.grantee, r.rolname
    from (
      select l.role as grantee from kanthorq_schema._kanthorq_role_levels() l
      union
      select a.grantee
      from kanthorq_schema._kanthorq_own_tables() o
      join pg_class c on c.oid = o.name
      cross join lateral (
        select x.grantee from aclexplode(c.relacl) x
        union
        select x.grantee from pg_attribute t, aclexplode(t.attacl) x where t.attrelid = c.oid
      ) a
      where a.grantee <> c.relowner
      union
      select r.oid from jsonb_object_keys(levels) k (name) join pg_roles r on r.rolname = k.name
    ) a
    left join pg_roles r on r.oid = a.grantee
    where pg_get_userbyid(a.grantee) <> current_user
  loop
    if v_role.grantee = 0 or v_role.rolname is not null then
      perform kanthorq_schema._kanthorq_set_level(v_role.rolname::name, levels ->> v_role.rolname::text);
    end if;
  end loop;
end
$function$;

comment on function kanthorq_schema._kanthorq_reset_rights is 'Internal. Takes away all rights that kanthorq_grant did not give.';
