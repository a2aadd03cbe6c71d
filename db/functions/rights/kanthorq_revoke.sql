-- level: owner
-- Removes a role's rights on the functions: those of kanthorq_grant, and any others.
--
-- USAGE on the schema stays: it opens nothing by itself, and the role may have it for other reasons.
create or replace function kanthorq_schema.kanthorq_revoke(role text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_set_level(role, null);
end
$function$;

comment on function kanthorq_schema.kanthorq_revoke is 'Takes from a role all rights on the functions.

role  name of a role that exists, as in pg_roles

A role that has none is left as it is, and what it has by way of another role or as a superuser stays. Raises KQ003 if there is
no such role, or if the role is the owner.';
