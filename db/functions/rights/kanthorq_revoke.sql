-- level: owner
-- Removes a role's rights on all that is ours: those of kanthorq_grant, and any others.
create or replace function kanthorq_schema.kanthorq_revoke(role text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_check_role(role);
  perform kanthorq_schema._kanthorq_set_level(role::name, null::text);
end
$function$;

comment on function kanthorq_schema.kanthorq_revoke is 'Removes a role''s rights on the functions and on the log, and its USAGE on the schema unless it has other rights there.

role  name of a role that exists, as in pg_roles

A role that has none is left as it is, and what it has by way of another role or as a superuser stays. Raises KQ003 if there is
no such role, or if the role is the owner.';
