-- level: owner
-- Sets the rights of a role to those of a level. It needs no others: the functions run as their owner.
--
-- The same call raises a viewer and lowers an operator. Migrations give roles the functions that are new in their level.
create or replace function kanthorq_schema.kanthorq_grant(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if not exists (select from kanthorq_schema._kanthorq_levels() l where l.level = kanthorq_grant.level) then
    raise exception '% is not a level', kanthorq_schema._kanthorq_shown(level)
      using errcode = 'KQ003',
        hint = 'The levels are viewer, operator, worker and publisher. kanthorq_revoke takes the rights away.';
  end if;
  perform kanthorq_schema._kanthorq_check_role(role);
  perform kanthorq_schema._kanthorq_set_level(role::name, level);
end
$function$;

comment on function kanthorq_schema.kanthorq_grant is 'Gives a role the rights of a level, and takes from it all others on the functions and on the log.

role   name of a role that exists, as in pg_roles; a group role serves all its members
level  viewer: the functions that look, such as find, stats, explain, errors and doctor
       operator: those, and the ones that move tasks, such as cancel, resume, discard and undo
       worker: pull, complete, fail, extend and release
       publisher: publish

A role has one level; a login that needs two is a member of two group roles. The role needs no rights on any table; it gets USAGE on the schema if it has not. Registering, converting,
purging and granting stay with the owner. Raises KQ003 if there is no such role or level, or if the role is the owner; 42501 if the
role has no USAGE on the schema and the owner of the functions can''t give it.';
