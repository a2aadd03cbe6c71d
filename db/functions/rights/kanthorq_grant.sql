-- level: owner
-- Sets the rights of a role to those of a viewer or an operator. It needs no others: the functions run as their owner.
--
-- The same call raises a viewer and lowers an operator. Migrations give both the functions that are new in their level.
create or replace function kanthorq_schema.kanthorq_grant(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if level is null or level not in ('viewer', 'operator') then
    raise exception '% is not a level', kanthorq_schema._kanthorq_shown(level)
      using errcode = 'KQ003', hint = 'The levels are viewer and operator. kanthorq_revoke takes the rights away.';
  end if;
  perform kanthorq_schema._kanthorq_check_role(role);
  perform kanthorq_schema._kanthorq_set_level(role::name, level);
end
$function$;

comment on function kanthorq_schema.kanthorq_grant is 'Gives a role the rights of a level, and takes from it all others on the functions and on the log.

role   name of a role that exists, as in pg_roles; a group role serves all its members
level  viewer: the functions that look: explain, preview, find, count, stats, operations, doctor
       operator: those, and the ones that move tasks: cancel, resume, discard, undo, their _all procedures and batch functions

The role needs no rights on any table; it gets USAGE on the schema if it has not. Registering, publishing, converting, purging the
log and granting stay with the owner. Raises KQ003 if there is no such role or level, or if the role is the owner; 42501 if the
role has no USAGE on the schema and the owner of the functions can''t give it.';
