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
  ),
  level as materialized (
    select l.level, array_agg(r.oid order by r.oid) as routines
    from kanthorq_schema._kanthorq_levels() l
    join routine r on r.level = l.executes
    group by l.level
  ),
  granted as materialized (
    select a.grantee, array_agg(distinct r.oid order by r.oid) as routines, bool_or(a.is_grantable) as is_grantable
    from routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a
    where a.grantee <> r.proowner
    group by a.grantee
  )
  select g.grantee, l.level
  from granted g
  left join level l on l.routines = g.routines and g.grantee <> 0 and not g.is_grantable;
end;

comment on function kanthorq_schema._kanthorq_role_levels is 'Internal. The roles with rights on the functions, and the level that they make.';
