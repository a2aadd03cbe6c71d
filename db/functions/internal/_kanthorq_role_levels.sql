-- The roles that may execute functions of ours by a right of their own, and their level: null for rights that kanthorq_grant does not
-- give. PUBLIC has the number 0.
--
-- A level is all of its functions, and no others, without the right to pass them on. Its names are bound: a migration asks before it
-- repairs the functions of a schema that was renamed.
create or replace function kanthorq_schema._kanthorq_role_levels(out role oid, out level text)
returns setof record
language sql
stable
begin atomic
  with routine as materialized (
    select p.oid, p.proacl, p.proowner, l.level
    from pg_proc p
    left join kanthorq_schema._kanthorq_function_levels() l on l.name = p.proname
    where p.proname ~ '^_?kanthorq_'
      and p.pronamespace = (
        select f.pronamespace from pg_proc f where f.oid = 'kanthorq_schema._kanthorq_function_levels()'::regprocedure
      )
      and pg_get_userbyid(p.proowner) = current_user
  )
  select a.grantee,
    case
      when a.grantee = 0 or bool_or(a.is_grantable) then null
      when count(*) filter (where r.level = 'viewer') = count(*)
        and count(*) = (select count(*) from routine v where v.level = 'viewer') then 'viewer'
      when count(*) filter (where r.level in ('viewer', 'operator')) = count(*)
        and count(*) = (select count(*) from routine v where v.level in ('viewer', 'operator')) then 'operator'
    end
  from routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a
  where a.grantee <> r.proowner
  group by a.grantee;
end;

comment on function kanthorq_schema._kanthorq_role_levels is 'Internal. The roles with rights on the functions, and the level that they make.';
