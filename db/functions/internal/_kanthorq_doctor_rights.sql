-- The findings of kanthorq_doctor about rights, foreign functions and the schema.
create or replace function kanthorq_schema._kanthorq_doctor_rights()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
begin
  return query
  select 'right not granted', 'error',
    format(
      '%s may execute %s, which kanthorq_grant did not give',
      case l.role when 0 then 'any role' else 'role ' || kanthorq_schema._kanthorq_shown(pg_get_userbyid(l.role)::text) end,
      string_agg(p.proname, ', ' order by p.proname)
    ),
    case l.role
      when 0 then format('revoke all on routine %s from public', string_agg(p.oid::regprocedure::text, ', ' order by p.proname))
      else format('select kanthorq_schema.kanthorq_revoke(%L)', pg_get_userbyid(l.role))
    end
  from kanthorq_schema._kanthorq_role_levels() l
  join pg_proc p on p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_' and pg_get_userbyid(p.proowner) = current_user
    and exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = l.role
    )
  where l.level is null
  group by l.role
  order by l.role;

  return query
  select 'right not granted', 'error',
    format(
      '%s may %s %s, which kanthorq_grant did not give',
      case a.grantee when 0 then 'any role' else 'role ' || kanthorq_schema._kanthorq_shown(pg_get_userbyid(a.grantee)::text) end,
      string_agg(distinct lower(a.privilege_type), ', '), c.relname
    ),
    format(
      'revoke all on %s %s from %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass,
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
  from kanthorq_schema._kanthorq_own_tables() o
  join pg_class c on c.oid = o.name
  cross join lateral (
    select x.grantee, x.privilege_type from aclexplode(c.relacl) x
    union
    select x.grantee, x.privilege_type from pg_attribute t, aclexplode(t.attacl) x where t.attrelid = c.oid
  ) a
  where a.grantee <> c.relowner
  group by a.grantee, c.oid, c.relname, c.relkind
  order by c.relname, a.grantee;

  return query
  select 'function is not ours', 'error',
    format(
      'function %s belongs to role %s, the others to %I: calls may end in it',
      kanthorq_schema._kanthorq_shown(p.oid::regprocedure::text), kanthorq_schema._kanthorq_shown(pg_get_userbyid(p.proowner)::text), current_user
    ),
    '-- look at it, and drop it as its owner or as a superuser'
  from pg_proc p
  where p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_' and p.proname <> 'kanthorq_migrate'
    and pg_get_userbyid(p.proowner) <> current_user
  order by p.oid::regprocedure::text;

  -- A function of another role could be called instead of ours.
  return query
  select 'schema is open', 'error',
    format('any role may create objects in schema %s, also functions that are called instead of ours', n.oid::regnamespace),
    format('revoke create on schema %s from public', n.oid::regnamespace)
  from pg_namespace n
  where n.oid = v_schema
    and exists (
      select from aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE'
    );

  -- The owner of a schema may drop what others have in it.
  return query
  select 'schema is not ours', 'warning',
    format(
      'role %s owns schema %s, and may put functions in the place of ours, which run with the rights of %I then',
      kanthorq_schema._kanthorq_shown(r.rolname::text), n.oid::regnamespace, current_user
    ),
    format('-- if the role is not to be trusted, as a superuser: alter schema %s owner to %I', n.oid::regnamespace, current_user)
  from pg_namespace n
  join pg_roles r on not r.rolsuper and r.rolname <> current_user and r.oid = case n.nspowner
    when 'pg_database_owner'::regrole then (select d.datdba from pg_database d where d.datname = current_database())
    else n.nspowner
  end
  where n.oid = v_schema;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_rights is 'Internal. What kanthorq_doctor finds about rights.';
